"""The worker's job that reduces pieces of a round."""

import asyncio
from collections.abc import Callable, Mapping

from pfi_aggregator.application.ports import SealedRounds
from pfi_aggregator.application.reduce_piece import ReducePiece
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.wire.reductions import read_piece_order
from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import InvalidRequestError, PlatformError, RoundUnknownError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class ReductionJob:
    """One piece after the other, on an event loop that lives as long as the process."""

    def __init__(
        self,
        runner: asyncio.Runner,
        spools: Mapping[str, Callable[[], SealedRounds]],
        artifacts: ArtifactStore,
    ) -> None:
        """Takes what it needs.

        Args:
            runner: Event loop.
            spools: Opens each spool that this worker reads, by its name; called when the first
                piece is asked for, since an aggregator may start after its workers.
            artifacts: Where the pieces go.
        """
        self._runner = runner
        self._spools = spools
        self._artifacts = artifacts
        self._opened: dict[str, ReducePiece] = {}

    def __call__(self, arguments: dict[str, object]) -> None:
        """Reduces a piece; what will fail again is its answer, and every failure is logged.

        A piece that could not be read or stored just now is asked for again by the coordinator; one
        of a round that has settled, by nobody.
        """
        try:
            order = read_piece_order(arguments)
            key, piece = order.key, order.piece
            self._runner.run(self._answer(self._of(order.spool), key, piece))
        except PlatformError as error:
            get_logger().error(Event.REDUCTION_FAILED, error=error)
        else:
            get_logger().info(
                Event.PIECE_REDUCED,
                run=key.run,
                round=key.round,
                attempt=key.attempt,
                line=key.line,
                piece=piece,
            )

    def _of(self, spool: str) -> ReducePiece:
        """Gives what reduces pieces of a spool.

        Raises:
            InvalidRequestError: this worker does not read the spool.
            SettingsInvalidError: the spool's key is missing.
        """
        if not spool and len(self._spools) == 1:
            spool = next(iter(self._spools))
        if spool not in self._spools:
            raise InvalidRequestError(f"This worker does not read the spool {spool}.")
        if spool not in self._opened:
            pieces = ReductionPieces(self._artifacts)
            self._opened[spool] = ReducePiece(self._spools[spool](), self._artifacts, pieces)
        return self._opened[spool]

    @staticmethod
    async def _answer(reduce: ReducePiece, key: RoundKey, piece: int) -> None:
        try:
            await reduce.run(key, piece)
        except RoundUnknownError:
            raise
        except PlatformError as error:
            if not error.retryable:
                await reduce.refuse(key, piece, error)
            raise

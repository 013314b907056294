"""The worker's job that reduces pieces of a round."""

import asyncio

from pfi_aggregator.application.ports import SealedRounds
from pfi_aggregator.application.reduce_piece import ReducePiece
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.wire.reductions import read_piece_order
from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import PlatformError, RoundUnknownError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class ReductionJob:
    """One piece after the other, on an event loop that lives as long as the process."""

    def __init__(
        self, runner: asyncio.Runner, rounds: SealedRounds, artifacts: ArtifactStore
    ) -> None:
        self._runner = runner
        self._reduce = ReducePiece(rounds, artifacts, ReductionPieces(artifacts))

    def __call__(self, arguments: dict[str, object]) -> None:
        """Reduces a piece; what will fail again is its answer, and every failure is logged.

        A piece that could not be read or stored just now is asked for again by the coordinator; one
        of a round that has settled, by nobody.
        """
        try:
            key, piece = read_piece_order(arguments)
            self._runner.run(self._answer(key, piece))
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

    async def _answer(self, key: RoundKey, piece: int) -> None:
        try:
            await self._reduce.run(key, piece)
        except RoundUnknownError:
            raise
        except PlatformError as error:
            if not error.retryable:
                await self._reduce.refuse(key, piece, error)
            raise

"""Computes one piece of a sealed round's reduction, beside the aggregator that owns the round."""

from contextlib import closing
from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Artifacts, SealedRounds
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.application.update_reader import RoundReader
from pfi_aggregator.domain.reduction import (
    Reduction,
    read_piece,
    reduction_digest,
    reduction_of,
    require_population,
    write_piece,
)
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_update import verify_stored_update
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import PlatformError, ReductionFailedError, RoundUnknownError


@dataclass(frozen=True)
class _Work:
    plan: RoundPlan
    counted: tuple[CountedUpdate, ...]
    reduction: Reduction
    digest: bytes


@dataclass(frozen=True)
class ReducePiece:
    """The use case behind the task `pfi.reduce_piece`.

    It may run any number of times, also at once and on several machines: a piece has one result.
    Each piece also verifies its share of the committed files in full, so that a round whose pieces
    are all there has been verified once.
    """

    rounds: SealedRounds
    artifacts: Artifacts
    pieces: ReductionPieces

    async def run(self, key: RoundKey, piece: int) -> None:
        """Stores a piece, unless it is stored already.

        Raises:
            RoundUnknownError: the round is not sealed, or is settled.
            ReductionFailedError: the round has no such piece.
            PopulationTooSmallError: the rule is not defined for so few updates.
            ArtifactCorruptError: a committed update or the base adapter is damaged.
            DiskFullError: the result cannot be stored.
            StoreUnavailableError: a store or the spool does not answer.
        """
        work = await in_thread(self._prepare, key, piece)
        if await in_thread(_is_there, work.digest, piece, await self.pieces.find(key, piece)):
            return
        base = b""
        if work.reduction.reads_base:
            base = await self.artifacts.get("adapters", work.plan.base.digest)
        body = await in_thread(self._reduce, work, piece, base)
        await self.pieces.store(key, piece, body)
        await self._forget_if_settled(key)

    async def refuse(self, key: RoundKey, piece: int, error: PlatformError) -> None:
        """Stores why there is no piece.

        Raises:
            DiskFullError: the answer cannot be stored.
            StoreUnavailableError: the store does not answer.
        """
        await self.pieces.refuse(key, piece, error)
        await self._forget_if_settled(key)

    def _prepare(self, key: RoundKey, piece: int) -> _Work:
        plan, counted = self.rounds.plan(key), self.rounds.counted(key)
        require_population(plan, counted)
        reduction = reduction_of(plan, counted)
        if reduction is None or not 0 <= piece < reduction.piece_count:
            raise ReductionFailedError(f"The round has no piece {piece}.")
        return _Work(plan, counted, reduction, reduction_digest(plan, counted))

    def _reduce(self, work: _Work, piece: int, base: bytes) -> bytes:
        plan = work.plan
        reader = RoundReader(self.rounds, plan, base)
        with closing(reader):
            for update in work.counted[piece :: work.reduction.piece_count]:
                with reader.stored(update) as stored:
                    verify_stored_update(plan, update, stored.record, stored.payload)
            return write_piece(work.digest, piece, work.reduction.reduce(piece, reader))

    async def _forget_if_settled(self, key: RoundKey) -> None:
        """Leaves nothing behind when the round was settled while this worked."""
        try:
            await in_thread(self.rounds.plan, key)
        except RoundUnknownError:
            await self.pieces.delete(key)


def _is_there(digest: bytes, piece: int, stored: bytes | None) -> bool:
    return stored is not None and read_piece(digest, piece, stored) is not None

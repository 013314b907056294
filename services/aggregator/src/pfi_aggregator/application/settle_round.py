"""Lets go of a round's updates."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.partial_sums import PartialSums
from pfi_aggregator.application.ports import Rounds, Statements
from pfi_aggregator.application.publication import Publication
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class SettleRound:
    """The use case behind SettleRound."""

    leadership: Leadership
    rounds: Rounds
    turns: Turns
    pieces: ReductionPieces
    partials: PartialSums
    publication: Publication
    statements: Statements
    spool: str

    async def run(self, leader_token: int, key: RoundKey) -> None:
        """Deletes the updates of a finalized or aborted round; its answers stay.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: it is open, or sealed and not published.
            SignatureInvalidError: its version was not made by the spool that was to finalize it.
        """
        await self.leadership.require(leader_token)
        async with self.turns.take(key):
            view = await in_thread(self.rounds.view, key)
            if view.plan is not None and view.state is RoundState.SEALED:
                await self._take_outcome(view.plan)
            await in_thread(self.rounds.settle, key)
            await self.pieces.delete(key)
            await self.partials.delete(key, self.spool)
        get_logger().info(
            Event.SPOOL_ROUND_SETTLED,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
        )

    async def _take_outcome(self, plan: RoundPlan) -> None:
        """Takes over what the spool that finalizes has published of this attempt, if it has."""
        key = plan.key
        home = next(iter(plan.spools), self.spool)
        digest = await self.publication.published_lineage(key.run, key.line, plan.next_version)
        if home == self.spool or digest is None:
            return
        statement = await self.publication.artifacts.get("lineages", digest)
        lineage = self.statements.verify_lineage(statement, home)
        if lineage.attempt == key.attempt:
            outcome = RoundOutcome(digest, 0.0, self.spool)
            await in_thread(self.rounds.finalize, key, outcome)

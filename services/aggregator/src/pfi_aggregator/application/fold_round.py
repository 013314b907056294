"""Sums the counted updates of this spool for the aggregator that finalizes the round."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.merge_round import MergeRound
from pfi_aggregator.application.partial_sums import PartialSums
from pfi_aggregator.application.ports import Meter, Rounds, Statements
from pfi_aggregator.application.shared_work import SharedWork
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.partial_sum import Sums
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import Command, require_command
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.clock import Clock
from pfi_common.errors import RoundStateInvalidError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class FoldRound:
    """The use case behind FoldRound.

    The sums are stored first, then the statement over them. A crash in between folds again, to the
    same bits.
    """

    leadership: Leadership
    rounds: Rounds
    merge: MergeRound
    sums: PartialSums
    statements: Statements
    turns: Turns
    work: SharedWork[bytes]
    spool: str
    meter: Meter
    clock: Clock
    failpoints: Failpoints

    async def run(self, leader_token: int, key: RoundKey) -> bytes:
        """Gives the signed partial sum; the same one whenever it is asked for.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: it is not sealed, or this spool is not one of several that
                another one finalizes.
            ArtifactCorruptError: a committed update is damaged.
        """
        await self.leadership.require(leader_token)
        return await self.work.join(key, lambda: self._run(key))

    async def _run(self, key: RoundKey) -> bytes:
        async with self.turns.take(key):
            view = await in_thread(self.rounds.view, key)
            require_command(view.state, Command.FOLD)
            plan = view.plan
            if plan is None or self.spool not in plan.spools[1:]:
                message = f"Spool {self.spool} does not add to a round of another one."
                raise RoundStateInvalidError(message, state=view.state.value)
            counted = await in_thread(self.rounds.seal, key)
            known = await self.sums.find(key, self.spool)
            if known is not None and self.statements.read_partial_sum(known).counted == counted:
                return known
            return await self._fold(plan, counted)

    async def _fold(self, plan: RoundPlan, counted: tuple[CountedUpdate, ...]) -> bytes:
        started = self.clock.monotonic()
        sums = Sums(*await in_thread(self.merge.sums, plan, counted))
        statement = await self.sums.store(plan, self.spool, counted, sums)
        self.failpoints.reach(Failpoint.PARTIAL_STORED)
        seconds = self.clock.monotonic() - started
        self.meter.round_folded(seconds)
        get_logger().info(
            Event.PARTIAL_SUM_STORED,
            run=plan.key.run,
            round=plan.key.round,
            attempt=plan.key.attempt,
            line=plan.key.line,
            updates=len(counted),
            seconds=round(seconds, 6),
        )
        return statement

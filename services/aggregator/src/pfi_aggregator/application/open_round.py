"""Opens a round for uploads."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class OpenRound:
    """The use case behind OpenRound."""

    leadership: Leadership
    rounds: Rounds
    turns: Turns

    async def run(self, leader_token: int, plan: RoundPlan) -> None:
        """Opens the round; repeating it with an equal plan changes nothing.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundStateInvalidError: it was opened with another plan.
            AttemptVoidedError: it was aborted before it was opened.
        """
        await self.leadership.require(leader_token)
        async with self.turns.take(plan.key):
            await in_thread(self.rounds.open, plan)
        key = plan.key
        get_logger().info(
            Event.SPOOL_ROUND_OPENED,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
        )

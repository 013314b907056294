"""Voids an attempt of a round."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.application.round_bells import RoundBells
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class AbortRound:
    """The use case behind AbortRound."""

    leadership: Leadership
    rounds: Rounds
    turns: Turns
    bells: RoundBells

    async def run(self, leader_token: int, key: RoundKey) -> None:
        """Voids the attempt and all of its receipts, also when it was never opened here.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundStateInvalidError: the round is finalized.
        """
        await self.leadership.require(leader_token)
        async with self.turns.take(key):
            await in_thread(self.rounds.abort, key)
        self.bells.ring(key)
        get_logger().info(
            Event.SPOOL_ROUND_ABORTED,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
        )

"""Lets go of a round's updates."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class SettleRound:
    """The use case behind SettleRound."""

    leadership: Leadership
    rounds: Rounds
    turns: Turns
    pieces: ReductionPieces

    async def run(self, leader_token: int, key: RoundKey) -> None:
        """Deletes the updates of a finalized or aborted round; its answers stay.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: it is open or sealed.
        """
        await self.leadership.require(leader_token)
        async with self.turns.take(key):
            await in_thread(self.rounds.settle, key)
            await self.pieces.delete(key)
        get_logger().info(
            Event.SPOOL_ROUND_SETTLED,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
        )

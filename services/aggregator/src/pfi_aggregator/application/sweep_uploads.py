"""Deletes uploads that can never be committed, or that nobody goes on with."""

from dataclasses import dataclass
from datetime import datetime

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Incoming, Rounds
from pfi_aggregator.application.upload_turns import UploadTurns
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_common.clock import Clock
from pfi_common.errors import ArtifactCorruptError, RoundUnknownError, SpoolKeyInvalidError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class SweepUploads:
    """Runs now and then.

    An upload goes when its ticket has expired, its round takes no more, or no byte of it has come
    for too long: a client that comes back after that sends it from the start.

    Attributes:
        abandoned_seconds: What is too long.
    """

    rounds: Rounds
    incoming: Incoming
    turns: UploadTurns
    clock: Clock
    abandoned_seconds: float

    async def run(self) -> None:
        """Sweeps once."""
        count = await in_thread(self.incoming.sweep, self._is_needed, self.turns.is_taken)
        if count:
            get_logger().info(Event.PARTIAL_UPLOADS_SWEPT, count=count)

    def _is_needed(self, ticket: UploadTicket, used_at: datetime) -> bool:
        now = self.clock.now()
        if (now - used_at).total_seconds() > self.abandoned_seconds or ticket.is_expired(now):
            return False
        try:
            state = self.rounds.view(ticket.key).state
        except (ArtifactCorruptError, RoundUnknownError, SpoolKeyInvalidError):
            return False
        return state is RoundState.OPEN

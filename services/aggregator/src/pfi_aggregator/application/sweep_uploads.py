"""Deletes uploads that can never be committed."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Incoming, Rounds
from pfi_aggregator.application.upload_turns import UploadTurns
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_common.clock import Clock
from pfi_common.errors import ArtifactCorruptError, RoundUnknownError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class SweepUploads:
    """Runs now and then: an upload goes when its ticket has expired or its round takes no more."""

    rounds: Rounds
    incoming: Incoming
    turns: UploadTurns
    clock: Clock

    async def run(self) -> None:
        """Sweeps once."""
        count = await in_thread(self.incoming.sweep, self._is_needed, self.turns.is_taken)
        if count:
            get_logger().info(Event.PARTIAL_UPLOADS_SWEPT, count=count)

    def _is_needed(self, ticket: UploadTicket) -> bool:
        try:
            state = self.rounds.view(ticket.key).state
        except (ArtifactCorruptError, RoundUnknownError):
            return False
        return state is RoundState.OPEN and not ticket.is_expired(self.clock.now())

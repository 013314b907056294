"""Says how much of an upload is stored, or gives its receipt."""

from dataclasses import dataclass

from pfi_aggregator.application.ports import Incoming, Rounds, Statements
from pfi_aggregator.application.upload_admission import UploadAdmission
from pfi_aggregator.application.upload_places import UploadPlaces
from pfi_aggregator.domain.names import check_digest
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.ticket import Caller, UploadTicket
from pfi_common.errors import UpdateUnknownError


@dataclass(frozen=True)
class UploadStatus:
    """How an upload stands.

    Attributes:
        resume_offset_bytes: Where the next call starts.
        receipt: Signed receipt, once the update is committed.
    """

    resume_offset_bytes: int
    receipt: bytes | None


@dataclass(frozen=True)
class GetUploadStatus:
    """The use case behind GetUploadStatus. Blocks.

    A receipt can be fetched until the round settles, also after the ticket's time.
    """

    rounds: Rounds
    incoming: Incoming
    admission: UploadAdmission
    statements: Statements
    places: UploadPlaces

    def run(self, caller: Caller, ticket_statement: bytes, payload_sha256: str) -> UploadStatus:
        """Gives the status of the caller's upload.

        Raises:
            PlatformError: as an upload of the same bytes would.
            UpdateUnknownError: the round is settled: its receipts are gone.
            UploadsLimitedError: an upload would be refused now, which a client that is sending may
                not be told.
        """
        ticket = self.admission.identify(ticket_statement, caller)
        check_digest("payload_sha256", payload_sha256)
        view = self.rounds.view(ticket.key)
        committed = self.admission.find_committed(ticket, payload_sha256)
        if committed is not None:
            receipt = Receipt(ticket.key, committed.counted, view.state is RoundState.ABORTED)
            return UploadStatus(0, self.statements.sign_receipt(receipt))
        if view.settled and view.state is RoundState.FINALIZED:
            raise UpdateUnknownError("The round is settled, so its receipts are gone.")
        return self._resume(ticket, payload_sha256)

    def _resume(self, ticket: UploadTicket, payload_sha256: str) -> UploadStatus:
        self.admission.check_open(ticket)
        self.places.check(ticket.client)
        return UploadStatus(self.incoming.stored_bytes(ticket.task, payload_sha256), None)

"""Who may upload what, decided before the first byte of a payload is taken."""

from dataclasses import dataclass

from pfi_aggregator.application.ports import Rounds, Statements
from pfi_aggregator.domain.admission import check_announcement
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import RoundState, require_uploads
from pfi_aggregator.domain.ticket import Caller, UploadTicket
from pfi_aggregator.domain.update import CommittedUpdate, UpdateHeader
from pfi_common.clock import Clock
from pfi_common.errors import RoundFullError, UpdateConflictError, UpdateTooLateError


@dataclass(frozen=True)
class UploadAdmission:
    """Checks tickets and announcements. Blocks: tickets of settled rounds are looked up on disk."""

    rounds: Rounds
    statements: Statements
    clock: Clock
    spool: str

    def identify(self, statement: bytes, caller: Caller) -> UploadTicket:
        """Verifies that a ticket is genuine and the caller's.

        Raises:
            TicketInvalidError: signature or content do not hold.
            TicketForeignError: it is another client's, key's or spool's.
        """
        ticket = self.statements.read_ticket(statement)
        ticket.check_holder(caller, self.spool)
        return ticket

    def find_committed(self, ticket: UploadTicket, payload_sha256: str) -> CommittedUpdate | None:
        """Gives the task's committed update, for as long as its round is not settled.

        Raises:
            UpdateConflictError: other bytes are committed for the task.
        """
        update = self.rounds.update(ticket.key, ticket.task)
        if update is not None and update.counted.payload_sha256 != payload_sha256:
            raise UpdateConflictError
        return update

    def state(self, ticket: UploadTicket) -> RoundState:
        """Gives the state of the ticket's attempt.

        Raises:
            RoundUnknownError: it was never opened here.
        """
        return self.rounds.view(ticket.key).state

    def check_open(self, ticket: UploadTicket) -> RoundPlan:
        """Checks that an update can still be committed with this ticket.

        Raises:
            RoundUnknownError: the round was never opened here.
            AttemptVoidedError: the attempt was aborted.
            UpdateTooLateError: the counted set is fixed.
            TicketExpiredError: the ticket is too old.
        """
        view = self.rounds.view(ticket.key)
        require_uploads(view.state)
        if view.plan is None:
            raise UpdateTooLateError
        ticket.check_time(self.clock.now())
        return view.plan

    def admit(self, ticket: UploadTicket, header: UpdateHeader) -> RoundPlan:
        """Checks all of an upload that does not need its payload, and gives the round's plan.

        Raises:
            PlatformError: as `check_open` and `check_announcement`.
            RoundFullError: as many updates are committed as the plan permits.
        """
        plan = self.check_open(ticket)
        check_announcement(header, ticket, plan)
        if self.rounds.committed(ticket.key, plan.fixed_point.maximum_updates - 1):
            raise RoundFullError
        return plan

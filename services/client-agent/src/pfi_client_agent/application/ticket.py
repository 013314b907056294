"""Checks that a task and its upload ticket are meant for this agent and belong together."""

from pfi.aggregator.v1.ticket_pb2 import UploadTicket
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.membership import Membership
from pfi_common.errors import TicketForeignError, TicketInvalidError


def verified_ticket(task: Task, membership: Membership) -> UploadTicket:
    """Verify a training task's ticket.

    Raises:
        SignatureInvalidError: The coordinator did not sign it.
        TicketForeignError: It was issued to another client or key.
        TicketInvalidError: It is not for this task.
    """
    ticket = membership.verifier.verify(task.train.ticket, UploadTicket, signer="coordinator")
    if (ticket.client, ticket.key_sha256) != (membership.client, membership.identity.key_sha256):
        raise TicketForeignError
    bound = (
        ("run", ticket.run, task.run),
        ("round", ticket.round, task.round),
        ("attempt", ticket.attempt, task.attempt),
        ("line", ticket.line, task.base.line),
        ("task", ticket.task, task.task),
        ("schema_digest", ticket.schema_digest, task.base.schema_digest),
        ("base_digest", ticket.base_digest, task.base.digest),
        ("spool", ticket.spool, task.spool),
        ("encoding", ticket.encoding, task.train.upload_encoding),
    )
    for field, given, expected in bound:
        if given != expected:
            raise TicketInvalidError(f"the ticket's {field} is not the task's", field=field)
    return ticket

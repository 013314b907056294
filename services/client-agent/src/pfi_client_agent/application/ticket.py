"""Checks that a task and its upload ticket are meant for this agent and belong together."""

from pfi.aggregator.v1.ticket_pb2 import UploadTicket
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.application.task_facts import rank_change_of
from pfi_common.errors import EncodingMismatchError, TicketForeignError, TicketInvalidError
from pfi_common.spec import ENCODINGS


def verified_ticket(task: Task, membership: Membership) -> UploadTicket:
    """Verify a training task's ticket.

    Raises:
        SignatureInvalidError: The coordinator did not sign it.
        TicketForeignError: It was issued to another client or key.
        TicketInvalidError: It is not for this task.
        SpecInvalidError: A schema of the task is malformed.
        SchemaMismatchError: The client's schema is not the shared one at another rank.
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
        ("schema_digest", ticket.schema_digest, rank_change_of(task).client.digest),
        ("base_digest", ticket.base_digest, task.base.digest),
        (
            "base_payload_sha256",
            ticket.base_payload_sha256,
            task.base_form.payload_sha256,
        ),
        ("spool", ticket.spool, task.spool),
        ("encoding", ticket.encoding, task.train.upload_encoding),
    )
    for field, given, expected in bound:
        if given != expected:
            raise TicketInvalidError(f"the ticket's {field} is not the task's", field=field)
    return ticket


def require_offered(task: Task, upload_encodings: tuple[str, ...]) -> None:
    """Check that a task asks for an update in an encoding that this agent offers.

    Raises:
        EncodingMismatchError: It offered another one when the task was made.
    """
    if task.train.upload_encoding not in {ENCODINGS[name] for name in upload_encodings}:
        raise EncodingMismatchError(
            f"this agent offers to upload {', '.join(upload_encodings)}, and the task asks for "
            "another encoding"
        )

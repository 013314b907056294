"""Upload tickets."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from pfi.aggregator.v1 import ticket_pb2
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_common.errors import InvalidRequestError


def read_ticket(message: ticket_pb2.UploadTicket) -> UploadTicket:
    """Reads and validates a ticket whose signature holds.

    Raises:
        InvalidRequestError: a field breaks its rule.
    """
    return UploadTicket(
        key=RoundKey(message.run, message.round, message.attempt, message.line),
        task=message.task,
        client=message.client,
        key_sha256=message.key_sha256,
        schema_digest=message.schema_digest,
        base_digest=message.base_digest,
        base_payload_sha256=message.base_payload_sha256,
        spool=message.spool,
        encoding=message.encoding,
        maximum_bytes=message.maximum_bytes,
        maximum_examples=message.maximum_examples,
        expiry=read_time("expiry_time", message.expiry_time),
    )


def read_time(field: str, message: Timestamp) -> datetime:
    """Reads a time.

    Raises:
        InvalidRequestError: it lies outside of the years 1 to 9999.
    """
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        message_text = f"{field} is not a time."
        raise InvalidRequestError(message_text, field=field) from error


def write_time(time: datetime) -> Timestamp:
    """Writes a time."""
    message = Timestamp()
    message.FromDatetime(time)
    return message

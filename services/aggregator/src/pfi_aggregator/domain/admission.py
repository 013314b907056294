"""What is checked of an update before its first byte is taken."""

import math

from pfi_aggregator.domain.names import check_digest
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import Metric, UpdateHeader
from pfi_common.errors import (
    BaseMismatchError,
    EncodingMismatchError,
    InvalidRequestError,
    PayloadSizeInvalidError,
    WeightInvalidError,
)
from pfi_common.tensors import encoded_size_bytes


def check_announcement(header: UpdateHeader, ticket: UploadTicket, plan: RoundPlan) -> None:
    """Checks all of a header that does not need the payload.

    Raises:
        SchemaMismatchError: the ticket is for another schema than the round.
        BaseMismatchError: ticket, client and round do not mean the same base adapter.
        EncodingMismatchError: the encoding is not the ticket's.
        PayloadSizeInvalidError: the size is not what schema, encoding and ticket say.
        WeightInvalidError: the example count is zero or above the ticket's.
        InvalidRequestError: digest, offset or metrics break their rule.
    """
    schema = plan.schema_of(ticket.schema_digest)
    _check_base(header, ticket, plan)
    if header.encoding != ticket.encoding:
        raise EncodingMismatchError("The encoding is not the ticket's.")
    _check_size(header, ticket, schema.coordinate_count)
    if not 1 <= header.example_count <= ticket.maximum_examples:
        message = f"The example count must lie in 1 to {ticket.maximum_examples}."
        raise WeightInvalidError(message)
    check_digest("payload_sha256", header.payload_sha256)
    _check_metrics(header.metrics)


def _check_base(header: UpdateHeader, ticket: UploadTicket, plan: RoundPlan) -> None:
    if ticket.base_digest != plan.base.digest:
        message = f"The round's base adapter is {plan.base.digest}."
        raise BaseMismatchError(message, expected=plan.base.digest, received=ticket.base_digest)
    expected = ticket.decoded_base_digest
    if header.base_digest != expected:
        message = f"The payload of the base adapter that clients decode has the SHA-256 {expected}."
        raise BaseMismatchError(message, expected=expected, received=header.base_digest)


def _check_size(header: UpdateHeader, ticket: UploadTicket, count: int) -> None:
    expected = encoded_size_bytes(header.encoding, count)
    if header.payload_bytes != expected:
        message = f"The payload must have {expected} bytes, not {header.payload_bytes}."
        raise PayloadSizeInvalidError(message)
    if header.payload_bytes > ticket.maximum_bytes:
        message = f"The ticket permits at most {ticket.maximum_bytes} payload bytes."
        raise PayloadSizeInvalidError(message)
    if header.offset_bytes > header.payload_bytes:
        raise InvalidRequestError("offset_bytes lies behind the payload.", field="offset_bytes")


def _check_metrics(metrics: tuple[Metric, ...]) -> None:
    names = [metric.name for metric in metrics]
    if len(names) != len(set(names)):
        raise InvalidRequestError("A metric is reported twice.", field="metrics")
    for metric in metrics:
        if not math.isfinite(metric.value):
            message = f"Metric {metric.name} is not finite."
            raise InvalidRequestError(message, field="metrics")

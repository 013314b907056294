"""Update headers and the records at the end of committed files."""

from dataclasses import replace

from pfi.aggregator.v1 import spool_pb2, ticket_pb2, update_service_pb2
from pfi.common.v1 import metrics_pb2, signed_pb2
from pfi_aggregator.domain.update import Metric, UpdateHeader, UpdateRecord
from pfi_aggregator.wire.parsing import parse, serialize
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.errors import InvalidRequestError

_METRIC_PREFIX = "METRIC_NAME_"


def read_header(message: update_service_pb2.UpdateHeader) -> UpdateHeader:
    """Reads a header; what its values must be, admission says.

    Raises:
        InvalidRequestError: a metric is not registered.
    """
    return UpdateHeader(
        ticket=serialize(_known_fields(message.ticket)),
        encoding=message.encoding,
        payload_bytes=message.payload_bytes,
        payload_sha256=message.payload_sha256,
        offset_bytes=message.offset_bytes,
        example_count=message.example_count,
        steps_done=message.steps_done,
        base_digest=message.base_digest,
        metrics=tuple(_read_metric(metric) for metric in message.metrics),
    )


def write_header(header: UpdateHeader) -> update_service_pb2.UpdateHeader:
    """Writes a header."""
    return update_service_pb2.UpdateHeader(
        ticket=signed_pb2.SignedStatement.FromString(header.ticket),
        encoding=header.encoding,
        payload_bytes=header.payload_bytes,
        payload_sha256=header.payload_sha256,
        offset_bytes=header.offset_bytes,
        example_count=header.example_count,
        steps_done=header.steps_done,
        base_digest=header.base_digest,
        metrics=[_write_metric(metric) for metric in header.metrics],
    )


def read_record(data: bytes) -> UpdateRecord:
    """Reads the record of a committed file.

    Raises:
        InvalidRequestError: the bytes are no record, or its two copies of the ticket differ.
    """
    message = parse(spool_pb2.UpdateRecord, data)
    signed = parse(ticket_pb2.UploadTicket, message.header.ticket.payload)
    if signed != message.ticket:
        raise InvalidRequestError("The record's ticket is not the one that was presented.")
    return UpdateRecord(
        ticket=read_ticket(message.ticket),
        header=read_header(message.header),
        weight_units=message.weight_units,
        clip_factor=message.clip_factor,
        norm=message.norm,
        maximum_coordinate=message.maximum_coordinate,
        sketch=tuple(message.sketch),
    )


def write_record(record: UpdateRecord) -> bytes:
    """Writes the record of a committed file."""
    header = write_header(replace(record.header, offset_bytes=0))
    message = spool_pb2.UpdateRecord(
        ticket=parse(ticket_pb2.UploadTicket, header.ticket.payload),
        header=header,
        weight_units=record.weight_units,
        clip_factor=record.clip_factor,
        norm=record.norm,
        maximum_coordinate=record.maximum_coordinate,
        sketch=record.sketch,
    )
    return serialize(message)


def _known_fields(statement: signed_pb2.SignedStatement) -> signed_pb2.SignedStatement:
    """Drops what else a client may have packed into a statement: it is stored as often as sent."""
    return signed_pb2.SignedStatement(
        payload=statement.payload,
        signature=statement.signature,
        signing_certificate=statement.signing_certificate,
    )


def _read_metric(message: metrics_pb2.Metric) -> Metric:
    known = metrics_pb2.MetricName.values()
    if message.name not in known or message.name == metrics_pb2.METRIC_NAME_UNSPECIFIED:
        raise InvalidRequestError("A metric is not registered.", field="metrics")
    name = metrics_pb2.MetricName.Name(message.name)
    return Metric(name.removeprefix(_METRIC_PREFIX).lower(), message.value)


def _write_metric(metric: Metric) -> metrics_pb2.Metric:
    name = metrics_pb2.MetricName.Value(_METRIC_PREFIX + metric.name.upper())
    return metrics_pb2.Metric(name=name, value=metric.value)

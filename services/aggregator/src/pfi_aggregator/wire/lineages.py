"""Lineage, counted and committed updates."""

from pfi.aggregator.v1 import lineage_pb2, round_service_pb2
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.update import CommittedUpdate, CountedUpdate
from pfi_aggregator.wire.aggregation import read_report, write_report
from pfi_aggregator.wire.names import read_form, read_reference, write_form, write_reference
from pfi_aggregator.wire.tickets import read_time, write_time


def read_counted(message: lineage_pb2.CountedUpdate) -> CountedUpdate:
    """Reads a counted update."""
    return CountedUpdate(
        task=message.task,
        client=message.client,
        payload_sha256=message.payload_sha256,
        weight_units=message.weight_units,
        clip_factor=message.clip_factor,
        payload_bytes=message.payload_bytes,
        spool=message.spool,
    )


def write_counted(update: CountedUpdate) -> lineage_pb2.CountedUpdate:
    """Writes a counted update."""
    return lineage_pb2.CountedUpdate(
        task=update.task,
        client=update.client,
        payload_sha256=update.payload_sha256,
        weight_units=update.weight_units,
        clip_factor=update.clip_factor,
        payload_bytes=update.payload_bytes,
        spool=update.spool,
    )


def write_committed(update: CommittedUpdate) -> round_service_pb2.CommittedUpdate:
    """Writes a committed update as the coordinator sees it."""
    counted = update.counted
    return round_service_pb2.CommittedUpdate(
        task=counted.task,
        client=counted.client,
        payload_bytes=counted.payload_bytes,
        weight_units=counted.weight_units,
        clipped=update.clipped,
        capped=update.capped,
    )


def read_lineage(message: lineage_pb2.Lineage) -> Lineage:
    """Reads a lineage.

    Raises:
        InvalidRequestError: a field breaks its rule.
    """
    return Lineage(
        adapter=read_reference(message.adapter),
        parent_digest=message.parent_digest,
        seed=message.seed,
        attempt=message.attempt,
        counted=tuple(read_counted(update) for update in message.counted),
        optimizer_state_digest=message.optimizer_state_digest,
        publish_time=read_time("publish_time", message.publish_time),
        report=read_report(message.report) if message.HasField("report") else None,
        forms=tuple(map(read_form, message.forms)),
        origin=read_reference(message.origin) if message.HasField("origin") else None,
        origin_lineage_digest=message.origin_lineage_digest,
    )


def write_lineage(lineage: Lineage) -> lineage_pb2.Lineage:
    """Writes a lineage."""
    return lineage_pb2.Lineage(
        adapter=write_reference(lineage.adapter),
        parent_digest=lineage.parent_digest,
        seed=lineage.seed,
        attempt=lineage.attempt,
        counted=[write_counted(update) for update in lineage.counted],
        optimizer_state_digest=lineage.optimizer_state_digest,
        publish_time=write_time(lineage.publish_time),
        report=write_report(lineage.report) if lineage.report else None,
        forms=[write_form(form) for form in lineage.forms],
        origin=write_reference(lineage.origin) if lineage.origin else None,
        origin_lineage_digest=lineage.origin_lineage_digest,
    )

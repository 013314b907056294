"""Partial sums."""

from pfi.aggregator.v1 import lineage_pb2
from pfi_aggregator.domain.names import check_name
from pfi_aggregator.domain.partial_sum import PartialSum
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.wire.lineages import read_counted, write_counted


def read_partial_sum(message: lineage_pb2.PartialSum) -> PartialSum:
    """Reads and validates a partial sum.

    Raises:
        InvalidRequestError: a field breaks its rule.
    """
    return PartialSum(
        key=RoundKey(message.run, message.round, message.attempt, message.line),
        spool=check_name("spool", message.spool),
        plan_sha256=message.plan_sha256,
        sums_digest=message.sums_digest,
        total_weight_units=message.total_weight_units,
        counted=tuple(map(read_counted, message.counted)),
    )


def write_partial_sum(partial: PartialSum) -> lineage_pb2.PartialSum:
    """Writes a partial sum."""
    return lineage_pb2.PartialSum(
        run=partial.key.run,
        round=partial.key.round,
        attempt=partial.key.attempt,
        line=partial.key.line,
        spool=partial.spool,
        plan_sha256=partial.plan_sha256,
        sums_digest=partial.sums_digest,
        total_weight_units=partial.total_weight_units,
        counted=map(write_counted, partial.counted),
    )

"""The weighted mean of the counted updates, in memory that does not grow with their number."""

import hashlib
import threading
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.aggregation_rule import FactorsProduct, MeanRule
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_payload import StoredPayload
from pfi_aggregator.domain.stored_update import corrupt_update
from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord
from pfi_aggregator.domain.update_sum import UpdateSum
from pfi_common.tensors import (
    RANGE_BLOCK,
    Accumulator,
    KeptMemory,
    decode_with,
    mean,
    range_bytes,
    scratch_size,
)

_SUM_BYTES = 8


def merges_exactly(plan: RoundPlan) -> bool:
    """Whether the weighted mean of the factors alone completes the round."""
    return isinstance(plan.rule.rule, MeanRule) and isinstance(plan.product, FactorsProduct)


def sums_bytes(plan: RoundPlan) -> int:
    """Gives what the sums of a round may take in memory."""
    schemas = (plan.schema, *plan.client_schemas)
    return _SUM_BYTES * sum(schema.coordinate_count for schema in schemas)


class Merge:
    """Sums updates in 64-bit fixed point: any order of folding gives the same bits.

    See `pfi_common.tensors.fixed_point` for the arithmetic and its error bound. Updates of another
    rank have sums of their own until the end, where they are added to the others, integer by
    integer (`pfi_common.tensors.rank_change`). Several threads may fold one update each.

    Args:
        plan: Of the round.
        memory: Where the sums lie; new memory unless given.
    """

    def __init__(self, plan: RoundPlan, memory: KeptMemory | None = None) -> None:
        self._plan = plan
        self._memory = memory
        self._sums: dict[str, Accumulator] = {}
        self._changing = threading.Lock()
        self._total_weight_units = 0

    def fold(self, update: CountedUpdate, record: UpdateRecord, payload: StoredPayload) -> None:
        """Adds one update, range by range, and verifies what it has read.

        Args:
            update: What counts of it, and with which weight.
            record: Its record, which is believed.
            payload: Its payload, which must have the SHA-256 that the record says.

        Raises:
            ArtifactCorruptError: the payload has another SHA-256. After this, and after any other
                error, the merge is of no more use.
        """
        sha256 = hashlib.sha256()
        self._sums_of(record.ticket.schema_digest).add(
            self._ranges(record, payload, sha256),
            update.clip_factor,
            update.weight_units,
            record.maximum_coordinate,
        )
        if sha256.hexdigest() != record.header.payload_sha256:
            raise corrupt_update(update.task)
        self._count(update.weight_units)

    def begin(self, schema_digest: str, weight_units: int) -> UpdateSum | None:
        """Begins an update whose bytes still arrive; none where its bytes must all be known first.

        That is so for a clip, which depends on all of them, and for a limit above what the sums
        take in parts.
        """
        limit = self._plan.fixed_point.coordinate_limit
        sums = self._sums_of(schema_digest)
        if self._plan.clip_norm or not sums.can_add_parts(limit):
            return None
        return UpdateSum(sums, weight_units, limit, self._count)

    def sums(self) -> tuple[NDArray[np.int64], int]:
        """Gives the sums, to which integers may be added, and the total weight in its units.

        They belong to whoever asked; the merge is of no more use.

        Shapes: (n,).
        """
        shared = self._sums_of(self._plan.schema.digest).take()
        for digest, accumulator in self._sums.items():
            change = self._plan.rank_change(digest)
            if change is not None:
                change.widen(accumulator.take(), shared)
        self._sums.clear()
        return shared, self._total_weight_units

    def mean(self) -> NDArray[np.float32]:
        """Gives the weighted mean, rounded once to float32, in place of the sums.

        Shapes: (n,).
        """
        return mean(*self.sums(), self._plan.fixed_point.fraction_bits, in_place=True)

    def _count(self, weight_units: int) -> None:
        with self._changing:
            self._total_weight_units += weight_units

    def _sums_of(self, schema_digest: str) -> Accumulator:
        with self._changing:
            found = self._sums.get(schema_digest)
            if found is None:
                count = self._plan.schema_of(schema_digest).coordinate_count
                bits = self._plan.fixed_point.fraction_bits
                found = Accumulator(count, bits, self._memory)
                self._sums[schema_digest] = found
            return found

    def _ranges(
        self, record: UpdateRecord, payload: StoredPayload, sha256: "hashlib._Hash"
    ) -> Iterator[NDArray[np.float32]]:
        encoding, digest = record.header.encoding, record.ticket.schema_digest
        count, change = (
            self._plan.schema_of(digest).coordinate_count,
            self._plan.rank_change(digest),
        )
        decoded = np.empty(scratch_size(min(count, RANGE_BLOCK)), dtype=np.float32)
        for start in range(0, count, RANGE_BLOCK):
            stop = min(start + RANGE_BLOCK, count)
            data = payload.read(*range_bytes(encoding, count, start, stop))
            sha256.update(data)
            values = decode_with(decoded, encoding, data, stop - start)
            yield change.rescale(values, start) if change else values

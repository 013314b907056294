"""The weighted mean of the counted updates, in memory that does not grow with their number."""

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_payload import StoredPayload, read_coordinates
from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord
from pfi_common.tensors import RANGE_BLOCK, accumulate, mean


class Merge:
    """Sums updates in 64-bit fixed point: any order of folding gives the same bits.

    See `pfi_common.tensors.fixed_point` for the arithmetic and its error bound. Updates of another
    rank have sums of their own until the end, where they are added to the others, integer by
    integer (`pfi_common.tensors.rank_change`).
    """

    def __init__(self, plan: RoundPlan) -> None:
        self._plan = plan
        self._fraction_bits = plan.fixed_point.fraction_bits
        self._sums = np.zeros(plan.schema.coordinate_count, dtype=np.int64)
        self._of_other_ranks: dict[str, NDArray[np.int64]] = {}
        self._total_weight_units = 0

    def fold(self, update: CountedUpdate, record: UpdateRecord, payload: StoredPayload) -> None:
        """Adds one update, block by block."""
        digest = record.ticket.schema_digest
        change, sums = self._plan.rank_change(digest), self._sums_of(digest)
        for start in range(0, sums.size, RANGE_BLOCK):
            stop = min(start + RANGE_BLOCK, sums.size)
            values = read_coordinates(payload, record.header.encoding, sums.size, start, stop)
            accumulate(
                sums[start:stop],
                change.rescale(values, start) if change else values,
                update.clip_factor,
                update.weight_units,
                self._fraction_bits,
            )
        self._total_weight_units += update.weight_units

    def _sums_of(self, schema_digest: str) -> NDArray[np.int64]:
        if schema_digest == self._plan.schema.digest:
            return self._sums
        if schema_digest not in self._of_other_ranks:
            count = self._plan.schema_of(schema_digest).coordinate_count
            self._of_other_ranks[schema_digest] = np.zeros(count, dtype=np.int64)
        return self._of_other_ranks[schema_digest]

    def _add_other_ranks(self) -> None:
        while self._of_other_ranks:
            digest, sums = self._of_other_ranks.popitem()
            change = self._plan.rank_change(digest)
            if change is not None:
                change.widen(sums, self._sums)

    def mean(self) -> NDArray[np.float32]:
        """Gives the weighted mean, rounded once to float32.

        Shapes: (n,).
        """
        self._add_other_ranks()
        return mean(self._sums, self._total_weight_units, self._fraction_bits)

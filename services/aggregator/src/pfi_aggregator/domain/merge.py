"""The weighted mean of the counted updates, in memory that does not grow with their number."""

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_payload import StoredPayload, read_coordinates
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.tensors import RANGE_BLOCK, accumulate, mean
from pfi_common.tensors.encoding import EncodingValue


class Merge:
    """Sums updates in 64-bit fixed point: any order of folding gives the same bits.

    See `pfi_common.tensors.fixed_point` for the arithmetic and its error bound.
    """

    def __init__(self, plan: RoundPlan) -> None:
        self._fraction_bits = plan.fixed_point.fraction_bits
        self._sums = np.zeros(plan.schema.coordinate_count, dtype=np.int64)
        self._total_weight_units = 0

    def fold(self, update: CountedUpdate, encoding: EncodingValue, payload: StoredPayload) -> None:
        """Adds one update, block by block."""
        count = self._sums.size
        for start in range(0, count, RANGE_BLOCK):
            stop = min(start + RANGE_BLOCK, count)
            accumulate(
                self._sums[start:stop],
                read_coordinates(payload, encoding, count, start, stop),
                update.clip_factor,
                update.weight_units,
                self._fraction_bits,
            )
        self._total_weight_units += update.weight_units

    def mean(self) -> NDArray[np.float32]:
        """Gives the weighted mean, rounded once to float32.

        Shapes: (n,).
        """
        return mean(self._sums, self._total_weight_units, self._fraction_bits)

"""Coordinate-wise rules: median and trimmed mean, range by range.

Both are unweighted. An update's weight is the number of rows that its client claims to have trained
on: with weights, one attacker that claims much would count as many, and no bound on their number
would hold.
"""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.aggregation_rule import TrimmedMeanRule
from pfi_aggregator.domain.reduction.base import Reduced, UpdateReader
from pfi_aggregator.domain.reduction.ranges import Ranges
from pfi_aggregator.domain.reduction.rows import Counted, Rows
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_common.errors import ArtifactCorruptError
from pfi_common.spec.robust_bounds import trimmed_count

Float32 = NDArray[np.float32]
Kernel = Callable[[Float32], NDArray[np.float64]]
"""From the sorted values of each coordinate, (coordinates, rows), to one value of each."""

_BLOCK = 1 << 10  # coordinates that are sorted at a time: they stay in the cache


class CoordinateReduction:
    """The reduction of a rule that looks at each coordinate alone; pieces are ranges of them."""

    reads_base: ClassVar[bool] = False

    def __init__(self, plan: RoundPlan, counted: Counted) -> None:
        self._rows = Rows(plan.rule, counted)
        self._ranges = Ranges(plan.schema.coordinate_count, len(counted))
        rule = plan.rule.rule
        share = rule.trimmed_share if isinstance(rule, TrimmedMeanRule) else None
        self._kernel = median if share is None else _trimmed_mean(share, len(self._rows))

    @property
    def piece_count(self) -> int:
        """How many ranges there are."""
        return self._ranges.piece_count

    def reduce(self, piece: int, updates: UpdateReader) -> bytes:
        """Gives the rule's value of each coordinate of a range, as little-endian binary32."""
        first, last = self._ranges.piece(piece)
        result = np.empty(last - first, dtype="<f4")
        for start, stop in self._ranges.tiles(piece):
            values = self._rows.read(updates, start, stop)
            result[start - first : stop - first] = reduce_columns(values, self._kernel)
        return result.tobytes()

    def completion(self) -> "_Concatenation":
        """Starts to put ranges together."""
        return _Concatenation(self._ranges)


class _Concatenation:
    """Puts ranges side by side."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._delta = np.empty(ranges.coordinate_count, dtype=np.float32)

    def add(self, piece: int, body: memoryview) -> None:
        first, last = self._ranges.piece(piece)
        if len(body) != 4 * (last - first):
            message = f"Piece {piece} of the reduction does not have its range's size."
            raise ArtifactCorruptError(message)
        self._delta[first:last] = np.frombuffer(body, dtype="<f4")

    def finish(self) -> Reduced:
        return Reduced(delta=self._delta)


def reduce_columns(values: Float32, kernel: Kernel) -> Float32:
    """Applies a kernel to the sorted values of each column, and rounds once.

    Shapes: values (rows, coordinates), result (coordinates,).
    """
    result = np.empty(values.shape[1], dtype=np.float32)
    for start in range(0, result.size, _BLOCK):
        ordered = np.ascontiguousarray(values[:, start : start + _BLOCK].T)
        ordered.sort(axis=1)
        # a sorted -0 and 0 lie in any order: the sum with 0 is 0 for both
        result[start : start + _BLOCK] = kernel(ordered) + 0.0
    return result


def median(ordered: Float32) -> NDArray[np.float64]:
    """Gives the middle of sorted rows, or the mean of the two middle values."""
    count = ordered.shape[1]
    low = ordered[:, (count - 1) // 2].astype(np.float64)
    return (low + ordered[:, count // 2]) / 2.0


def trimmed_mean(ordered: Float32, trimmed: int) -> NDArray[np.float64]:
    """Gives the mean of sorted rows without `trimmed` values at each side.

    Sums go from the lowest value to the highest, so they do not depend on who sent which.
    """
    kept = range(trimmed, ordered.shape[1] - trimmed)
    total = np.zeros(len(ordered), dtype=np.float64)
    for index in kept:
        total += ordered[:, index]
    return total / len(kept)


def _trimmed_mean(share: float, rows: int) -> Kernel:
    trimmed = trimmed_count(share, rows)
    return lambda ordered: trimmed_mean(ordered, trimmed)

"""Krum and multi-Krum: the updates that lie nearest to their neighbours.

With n vectors and f attackers, the score of a vector is the sum of its squared distances to the
n - f - 2 others nearest to it; the vectors with the lowest scores are averaged. (Blanchard et al.
2017, "Machine Learning with Adversaries", section 4.) Distances come from the Gram matrix G:
|x - y|^2 = G_xx + G_yy - 2 G_xy, and G is a sum over ranges of coordinates.
"""

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.aggregation_rule import KrumRule
from pfi_aggregator.domain.reduction.base import Reduced, UpdateReader
from pfi_aggregator.domain.reduction.ranges import Ranges
from pfi_aggregator.domain.reduction.rows import Counted, Rows
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_common.errors import ArtifactCorruptError

Matrix = NDArray[np.float64]

_MOST_PIECES = 64
"""Each is a whole Gram matrix."""
_DISTANCE_BITS = 40
_NUMBER_BYTES = 8


class KrumReduction:
    """The reduction of Krum; pieces are the Gram matrices of ranges of coordinates."""

    reads_base: ClassVar[bool] = False

    def __init__(self, plan: RoundPlan, counted: Counted) -> None:
        assert isinstance(plan.rule.rule, KrumRule)  # noqa: S101 - the registry chose by it
        self._rule = plan.rule.rule
        self._rows = Rows(plan.rule, counted)
        self._ranges = Ranges(plan.schema.coordinate_count, len(counted), _MOST_PIECES)

    @property
    def piece_count(self) -> int:
        """How many ranges there are."""
        return self._ranges.piece_count

    def reduce(self, piece: int, updates: UpdateReader) -> bytes:
        """Gives the Gram matrix of a range, as little-endian binary64, row after row."""
        gram = np.zeros((len(self._rows), len(self._rows)), dtype=np.float64)
        for start, stop in self._ranges.tiles(piece):
            values = self._rows.read(updates, start, stop).astype(np.float64)
            gram += values @ values.T
        return gram.astype("<f8", copy=False).tobytes()

    def completion(self) -> "_Selection":
        """Starts to add Gram matrices."""
        return _Selection(self._rule, self._rows)


class _Selection:
    """Adds Gram matrices in the order of their ranges, then selects."""

    def __init__(self, rule: KrumRule, rows: Rows) -> None:
        self._rule = rule
        self._rows = rows
        self._gram = np.zeros((len(rows), len(rows)), dtype=np.float64)

    def add(self, piece: int, body: memoryview) -> None:
        if len(body) != _NUMBER_BYTES * self._gram.size:
            message = f"Piece {piece} of the reduction is not a Gram matrix of the counted set."
            raise ArtifactCorruptError(message)
        self._gram += np.frombuffer(body, dtype="<f8").reshape(self._gram.shape)

    def finish(self) -> Reduced:
        scores = krum_scores(squared_distances(self._gram), self._rule.attackers)
        order = sorted(range(len(scores)), key=lambda row: (scores[row], row))
        chosen = [self._rows.buckets[row] for row in order[: self._rule.selected]]
        left = [self._rows.buckets[row] for row in order[self._rule.selected :]]
        return Reduced(
            weights=equal_weights(chosen),
            left_out=tuple(sorted(update.task for bucket in left for update in bucket)),
        )


def squared_distances(gram: Matrix) -> Matrix:
    """Gives the squared distance of each pair, to 40 bits of the pair's squared norms.

    What processors disagree on must not decide between updates: their libraries add products in
    different orders, which changes the last of the 53 bits.

    Shapes: (n, n), result (n, n).
    """
    squares = np.diagonal(gram)
    sums = squares[:, None] + squares[None, :]
    distances = np.maximum(sums - (gram + gram.T), 0.0)
    _, exponents = np.frexp(sums)
    return np.asarray(
        np.ldexp(
            np.rint(np.ldexp(distances, _DISTANCE_BITS - exponents)), exponents - _DISTANCE_BITS
        )
    )


def krum_scores(distances: Matrix, attackers: int) -> list[float]:
    """Gives the score of each row, rounded once from the exact sum.

    Shapes: (n, n).
    """
    count = len(distances)
    neighbours = count - attackers - 2
    scores = []
    for row in range(count):
        others = np.delete(distances[row], row)
        scores.append(math.fsum(np.sort(others)[:neighbours]))
    return scores


def equal_weights(buckets: list[Counted]) -> dict[str, int]:
    """Gives each update the weight with which all buckets count alike in one mean."""
    common = math.lcm(*(len(bucket) for bucket in buckets))
    return {update.task: common // len(bucket) for bucket in buckets for update in bucket}

"""The vectors that a robust rule sees: the counted updates, or random buckets of them, averaged.

Buckets: Karimireddy et al. 2022, "Byzantine-Robust Learning on Heterogeneous Datasets via
Bucketing", algorithm 1. An attacker spoils one bucket at most, and honest buckets differ less than
honest clients do, so that fewer honest minorities look like attackers.
"""

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.aggregation_rule import AggregationRule
from pfi_aggregator.domain.reduction.base import UpdateReader
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.tensors.random_words import WordStream

Counted = tuple[CountedUpdate, ...]
_DOMAIN = "pfi buckets v1"


class Rows:
    """Rows of a matrix that is never whole in memory. A function of plan and counted set.

    Attributes:
        buckets: The updates of each row, in the order of the counted set.
    """

    def __init__(self, rule: AggregationRule, counted: Counted) -> None:
        self.buckets = _buckets(rule, counted)

    def __len__(self) -> int:
        return len(self.buckets)

    def read(self, updates: UpdateReader, start: int, stop: int) -> NDArray[np.float32]:
        """Gives a range of coordinates of every row; a mean is rounded once.

        Shapes: (rows, stop - start).
        """
        values = np.empty((len(self.buckets), stop - start), dtype=np.float32)
        for row, bucket in enumerate(self.buckets):
            values[row] = _mean(updates, bucket, start, stop)
        return values


def _buckets(rule: AggregationRule, counted: Counted) -> tuple[Counted, ...]:
    size = rule.bucket_size
    if size == 1:
        return tuple((update,) for update in counted)
    words = WordStream(_DOMAIN, rule.bucket_seed).take(len(counted))
    order = [int(index) for index in np.argsort(words, kind="stable")]
    chunks = (sorted(order[start : start + size]) for start in range(0, len(order), size))
    return tuple(tuple(counted[index] for index in chunk) for chunk in chunks)


def _mean(
    updates: UpdateReader, bucket: Counted, start: int, stop: int
) -> NDArray[np.float32] | NDArray[np.float64]:
    if len(bucket) == 1:
        return updates.read(bucket[0], start, stop)
    total = np.zeros(stop - start, dtype=np.float64)
    for update in bucket:
        total += updates.read(update, start, stop)
    return total / len(bucket)

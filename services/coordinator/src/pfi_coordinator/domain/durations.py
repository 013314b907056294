"""How long updates take: a histogram that stays small however many clients there are."""

import math
from collections import Counter
from collections.abc import Iterable

from pfi_coordinator.domain.state import Durations

_BINS_PER_DOUBLING = 4
"""A bin's upper end is 19 % above its lower end."""

_SHORTEST_SECONDS = 0.0625


def with_durations(known: Durations, seconds: Iterable[float]) -> Durations:
    """Adds durations to a histogram."""
    counts = Counter(dict(known))
    counts.update(map(_bin, seconds))
    return tuple(sorted(counts.items()))


def merged(histograms: Iterable[Durations]) -> Durations:
    """Adds histograms up."""
    counts: Counter[int] = Counter()
    for histogram in histograms:
        counts.update(dict(histogram))
    return tuple(sorted(counts.items()))


def count_of(histogram: Durations) -> int:
    """Gives the number of durations."""
    return sum(count for _, count in histogram)


def quantile_of(histogram: Durations, quantile: float) -> float:
    """Gives a duration that at least this share of all does not exceed: a bin's upper end (s).

    Args:
        histogram: At least one duration.
        quantile: Above 0 and at most 1.
    """
    needed, seen = quantile * count_of(histogram), 0
    for index, count in histogram:
        seen += count
        if seen >= needed:
            return _upper_end_seconds(index)
    return _upper_end_seconds(histogram[-1][0])


def _bin(seconds: float) -> int:
    ratio = max(seconds, _SHORTEST_SECONDS) / _SHORTEST_SECONDS
    return math.ceil(_BINS_PER_DOUBLING * math.log2(ratio))


def _upper_end_seconds(index: int) -> float:
    return float(_SHORTEST_SECONDS * 2.0 ** (index / _BINS_PER_DOUBLING))

"""What arrives at the services, by second and in longer stretches."""

from collections import Counter
from dataclasses import dataclass

from pfi_coordinator.domain.simulation.tally import Tally

LOAD_SECONDS = 300
"""Length of the stretches that reports show."""


@dataclass(frozen=True, slots=True)
class Load:
    """Happenings by second: how many in all, and in the busiest second.

    The mean is over the seconds from the first to the last.
    """

    total: int
    peak: int
    mean: float


@dataclass(frozen=True, slots=True)
class LoadRow:
    """One stretch of time: the busiest second of each kind, and totals.

    Attributes:
        at: Its begin, seconds after the begin of the run.
        arrivals_peak: Sessions opened in the busiest second.
        commits_peak: Updates taken in the busiest second.
        bytes_peak: Payload taken in the busiest second.
        bytes_total: Payload taken in all.
    """

    at: int
    arrivals_peak: int
    commits_peak: int
    bytes_peak: int
    bytes_total: int


def load_of(by_second: Counter[int]) -> Load:
    """Sums up happenings by second."""
    if not by_second:
        return Load(0, 0, 0.0)
    total = sum(by_second.values())
    return Load(total, max(by_second.values()), total / (max(by_second) - min(by_second) + 1))


def load_rows(tally: Tally, begin_seconds: float) -> tuple[LoadRow, ...]:
    """Gives the stretches from the begin of the run to the last arrival of anything."""
    begin = int(begin_seconds)
    arrivals = _stretches(tally.arrivals, begin, peak=True)
    commits = _stretches(tally.commits, begin, peak=True)
    peaks = _stretches(tally.bytes_in, begin, peak=True)
    totals = _stretches(tally.bytes_in, begin, peak=False)
    last = max([*arrivals, *commits], default=-1)
    return tuple(
        LoadRow(index * LOAD_SECONDS, arrivals[index], commits[index], peaks[index], totals[index])
        for index in range(last + 1)
    )


def _stretches(by_second: Counter[int], begin: int, *, peak: bool) -> Counter[int]:
    found: Counter[int] = Counter()
    for second, count in by_second.items():
        index = (second - begin) // LOAD_SECONDS
        found[index] = max(found[index], count) if peak else found[index] + count
    return found

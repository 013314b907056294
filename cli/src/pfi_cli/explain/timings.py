"""How long each part of a run may take, and what happens then."""

from dataclasses import dataclass
from datetime import timedelta

from pfi_common.spec import (
    LONGEST_DEADLINE,
    SHORTEST_DEADLINE,
    RunSpec,
    UpdateSimilarity,
    format_duration,
)

RETRY_FIRST = timedelta(seconds=5)
RETRY_MOST = timedelta(minutes=5)
"""Pauses of a round that failed before it is tried again, unless a deployment has others."""
TICKET_GRACE = timedelta(minutes=5)
"""How much longer than its round a ticket is good."""
SETTLE_GRACE = timedelta(seconds=60)
"""How long receipts are kept for clients that have not reported."""
PARTITION_REPEATED = timedelta(seconds=30)
"""How long the worker that groups clients is waited for before it is asked again."""


_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Timing:
    """A limit in time.

    Attributes:
        what: What takes time.
        seconds: How long it may.
        then: What happens after that.
    """

    what: str
    seconds: float
    then: str


def timings(spec: RunSpec) -> list[Timing]:
    """Gives every limit of a run."""
    deadline, minimum = spec.cohort.first_deadline, spec.cohort.minimum
    found = [
        Timing(
            f"waiting for {spec.cohort.size} clients to select",
            deadline.total_seconds(),
            f"{minimum} are enough",
        ),
        Timing(
            f"collecting updates, per attempt{_derived(spec)}",
            deadline.total_seconds(),
            f"{minimum} updates are merged; fewer: the round is tried again, "
            f"{spec.cohort.attempts} times at most, and then the run fails",
        ),
        Timing(
            "the pause before a round is tried again",
            RETRY_FIRST.total_seconds(),
            f"with every further failure of the round it doubles, up to {RETRY_MOST.seconds} s",
        ),
        Timing("an upload ticket", (deadline + TICKET_GRACE).total_seconds(), "it is refused"),
        Timing(
            "keeping receipts after a publication",
            SETTLE_GRACE.total_seconds(),
            "stored updates are deleted",
        ),
    ]
    if isinstance(spec.cluster, UpdateSimilarity):
        found += _cluster_timings(deadline)
    found.append(
        Timing(
            "the closing evaluation",
            deadline.total_seconds(),
            "the run completes with the answers that there are",
        )
    )
    return [*found, _longest(spec)]


def _derived(spec: RunSpec) -> str:
    if spec.cohort.deadline != "auto":
        return ""
    shortest, longest = format_duration(SHORTEST_DEADLINE), format_duration(LONGEST_DEADLINE)
    return f" (of the first round; then derived, {shortest} to {longest})"


def _cluster_timings(deadline: timedelta) -> list[Timing]:
    return [
        Timing(
            "grouping the clients", PARTITION_REPEATED.total_seconds(), "a worker is asked anew"
        ),
        Timing("placing a new client", deadline.total_seconds(), "it is asked again"),
    ]


def _longest(spec: RunSpec) -> Timing:
    """Every wait to its end, every round at its last attempt."""
    attempts = spec.cohort.attempts
    waits = 2 * attempts * spec.stop.rounds + 1
    pauses = sum((min(RETRY_FIRST * 2**each, RETRY_MOST) for each in range(attempts - 1)), _NONE)
    longest = (waits * spec.cohort.longest_deadline + spec.stop.rounds * pauses).total_seconds()
    return Timing("the whole run, with every wait to its end", longest, "it has ended long before")

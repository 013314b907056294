"""When agents may open sessions, so that they arrive at a steady rate.

Pace steering as Bonawitz et al. 2019, "Towards Federated Learning at Scale: System Design", section
2.3, describe it: the server tells each device when to come back. Of a small population all come
back within a moment, so that a cohort forms at once; a large one is spread over as long as it takes
at the rate that one process can stand. The paper draws the time from a window as long as that; here
each gets a turn of its own in it, and agents add what is random.
"""

from dataclasses import dataclass, replace

BURST_SECONDS = 1.0
"""So many seconds' worth of arrivals may come at once after a quiet time."""

SOONEST_SECONDS = 1.0
"""Nobody is asked to come back sooner."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What is left of the rate, and how far ahead it is given away.

    Attributes:
        turns: Arrivals that may be taken now.
        at: When that was so, in seconds of a monotonic clock.
        booked_until: Until when turns are promised to those who were asked to come back.
    """

    turns: float
    at: float
    booked_until: float


def no_arrivals(now: float, per_second: float) -> Arrivals:
    """Gives the beginning: nobody has come yet."""
    return Arrivals(per_second * BURST_SECONDS, now, now)


def arrive(arrivals: Arrivals, now: float, per_second: float) -> tuple[Arrivals, float | None]:
    """Takes an arrival, or says when it is to come back.

    Each that is sent away is promised the next free turn, so that those who come back arrive at the
    rate and find one. Somebody who comes unexpectedly may have taken it: then a later one is
    promised. Nobody waits for ever: turns go on, and a promise is never earlier than an older one.

    Args:
        arrivals: What is left of the rate.
        now: In seconds of a monotonic clock.
        per_second: Highest rate.

    Returns:
        What is left afterwards; and None for an arrival that is taken, else its delay in seconds.
    """
    refilled = arrivals.turns + (now - arrivals.at) * per_second
    turns = min(per_second * BURST_SECONDS, refilled)
    if turns >= 1.0:
        return Arrivals(turns - 1.0, now, arrivals.booked_until), None
    return send_away(Arrivals(turns, now, arrivals.booked_until), now, per_second)


def send_away(arrivals: Arrivals, now: float, per_second: float) -> tuple[Arrivals, float]:
    """Promises the next free turn to somebody; gives how many seconds it is off.

    Args:
        arrivals: What is left of the rate.
        now: In seconds of a monotonic clock.
        per_second: Highest rate.
    """
    turn = max(arrivals.booked_until, now + SOONEST_SECONDS) + 1.0 / per_second
    return replace(arrivals, booked_until=turn), turn - now

"""When sessions come back after a restart of the coordinator."""

import heapq
from collections.abc import Sequence

import numpy as np

from pfi_coordinator.domain.pacing import arrive, no_arrivals
from pfi_coordinator.domain.simulation.fleet import Numbers

FIRST_SECONDS, CAP_SECONDS = 0.5, 30.0
"""Bounds of the agents' back-off: exponential, drawn from the upper half of each bound."""

_SPREAD = 0.1
"""Agents that are asked to come back later add up to this share of the time."""

_RESTART_STREAM = 4
_MOST_TRIES = 1000


def sessions_after_restart(
    number: int, away_seconds: float, arrivals_per_second: float, seed: Sequence[int]
) -> Numbers:
    """Draws when broken sessions are opened again, in seconds after they broke.

    Each agent tries again after min(cap, first * 2^n) * u seconds, u even in [1/2, 1), until the
    coordinator is back; that takes as many arrivals as it can stand and asks the others to come
    back later, by the rule that it has for them.

    Args:
        number: Sessions.
        away_seconds: How long the coordinator is away.
        arrivals_per_second: Rate that it can stand.
        seed: Of the draw.
    """
    rng = np.random.default_rng([_RESTART_STREAM, *seed])
    tries = _first_tries(rng, number, away_seconds)
    return _paced(rng, np.sort(tries), away_seconds, arrivals_per_second)


def _first_tries(rng: np.random.Generator, number: int, away_seconds: float) -> Numbers:
    """Gives when each agent finds the coordinator back."""
    passed = np.zeros(number)
    for tries in range(_MOST_TRIES):
        waiting = (passed < away_seconds) | (tries == 0)
        if not waiting.any():
            break
        bound = min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** min(tries, 32))
        passed[waiting] += bound * rng.uniform(0.5, 1.0, int(waiting.sum()))
    return passed


def _paced(rng: np.random.Generator, tries: Numbers, back_at: float, per_second: float) -> Numbers:
    """Gives when each is let in; whoever is sent away comes back at its turn, or just after."""
    waiting: list[float] = tries.tolist()  # sorted, so a heap already
    arrivals, opened = no_arrivals(back_at, per_second), []
    while waiting:
        now = heapq.heappop(waiting)
        arrivals, delay = arrive(arrivals, now, per_second)
        if delay is None:
            opened.append(now)
        else:
            heapq.heappush(waiting, now + delay * (1.0 + _SPREAD * rng.random()))
    return np.array(opened)

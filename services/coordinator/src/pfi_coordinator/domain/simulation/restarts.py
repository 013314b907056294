"""When sessions come back after a restart of the coordinator."""

from collections.abc import Sequence

import numpy as np

from pfi_coordinator.domain.simulation.fleet import Numbers

FIRST_SECONDS, CAP_SECONDS = 0.5, 30.0
"""Bounds of the agents' back-off: exponential, drawn from the upper half of each bound."""

_RESTART_STREAM = 4
_MOST_TRIES = 1000


def sessions_after_restart(number: int, away_seconds: float, seed: Sequence[int]) -> Numbers:
    """Draws when broken sessions are opened again, in seconds after they broke.

    Each agent tries again after min(cap, first * 2^n) * u seconds, u even in [1/2, 1), until the
    coordinator is back.

    Args:
        number: Sessions.
        away_seconds: How long the coordinator is away.
        seed: Of the draw.
    """
    rng = np.random.default_rng([_RESTART_STREAM, *seed])
    passed = np.zeros(number)
    for tries in range(_MOST_TRIES):
        waiting = (passed < away_seconds) | (tries == 0)
        if not waiting.any():
            break
        bound = min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** min(tries, 32))
        passed[waiting] += bound * rng.uniform(0.5, 1.0, int(waiting.sum()))
    return passed

"""When a refused caller should come back."""

import random

_SPREAD = 0.5


def spread(seconds: float) -> float:
    """Gives a delay within 50 % of one, so that those who are refused together return apart."""
    return seconds * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - no secret

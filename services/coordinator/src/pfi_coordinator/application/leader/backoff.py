"""How long to wait before the next try."""

import random


class Backoff:
    """Doubling delays with jitter, so that those who wait do not come back together."""

    def __init__(
        self, randomness: random.Random, first_seconds: float = 0.2, most_seconds: float = 5.0
    ) -> None:
        self._randomness = randomness
        self._first_seconds = first_seconds
        self._most_seconds = most_seconds
        self._next_seconds = first_seconds

    def delay_seconds(self) -> float:
        """Gives the next delay."""
        current = self._next_seconds
        self._next_seconds = min(2 * current, self._most_seconds)
        return current * self._randomness.uniform(0.8, 1.2)

    def reset(self) -> None:
        """Starts again with the shortest delay."""
        self._next_seconds = self._first_seconds

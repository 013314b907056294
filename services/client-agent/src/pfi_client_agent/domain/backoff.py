"""How long to wait before the next try."""

from collections.abc import Callable
from dataclasses import dataclass, field

_JITTER = 0.1


@dataclass
class Backoff:
    """Exponential back-off with jitter: many clients that lost one server do not return as one.

    The n-th delay is drawn evenly from the upper half of [0, min(cap, first * 2^n)].

    Attributes:
        draw: Gives a number in [0, 1).
        first_seconds: Bound of the first delay.
        cap_seconds: Bound of every delay.
    """

    draw: Callable[[], float]
    first_seconds: float = 0.5
    cap_seconds: float = 30.0
    _failures: int = field(default=0, init=False)

    def next_delay(self, at_least_seconds: float | None = None) -> float:
        """Give the next delay in seconds.

        Args:
            at_least_seconds: What the server asked for, if anything.
        """
        bound = min(self.cap_seconds, self.first_seconds * 2.0 ** min(self._failures, 32))
        self._failures += 1
        delay = bound * (0.5 + 0.5 * self.draw())
        return max(delay, self.spread(at_least_seconds or 0.0))

    def spread(self, seconds: float) -> float:
        """Give up to a tenth more than a server asked for: many were told much the same."""
        return seconds * (1.0 + _JITTER * self.draw())

    def reset(self) -> None:
        """Start again: something worked."""
        self._failures = 0

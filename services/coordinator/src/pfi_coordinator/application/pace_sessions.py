"""Opens sessions at a steady rate, and tells everyone else when to come back."""

from collections.abc import Callable

from pfi_common.clock import Clock
from pfi_common.errors import SessionsLimitedError
from pfi_coordinator.domain.pacing import arrive, no_arrivals, send_away


class PaceSessions:
    """The pace of one replica.

    Args:
        clock: The time.
        per_second: Most sessions that are opened in a second.
        limited: Is told of each agent that is asked to come back because too many come at once.
    """

    def __init__(self, clock: Clock, per_second: float, limited: Callable[[], None]) -> None:
        self._clock = clock
        self._per_second = per_second
        self._limited = limited
        self._arrivals = no_arrivals(clock.monotonic(), per_second)

    def arrive(self) -> None:
        """Takes an agent that wants a session.

        Raises:
            SessionsLimitedError: Too many come at once; the error says when to come back.
        """
        now = self._clock.monotonic()
        self._arrivals, delay = arrive(self._arrivals, now, self._per_second)
        if delay is not None:
            self._limited()
            raise SessionsLimitedError(retry_after_seconds=delay)

    def send_away(self) -> float:
        """Gives when an agent whose session ends is to come back, in seconds."""
        now = self._clock.monotonic()
        self._arrivals, delay = send_away(self._arrivals, now, self._per_second)
        return delay

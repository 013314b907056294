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
        self._turns: dict[str, float] = {}

    def arrive(self, client: str) -> None:
        """Takes an agent that wants a session.

        One that comes before its turn is told the same turn again: however often it comes, it takes
        none of the others'.

        Raises:
            SessionsLimitedError: Too many come at once; the error says when to come back.
        """
        now = self._clock.monotonic()
        arrivals, delay = arrive(self._arrivals, now, self._per_second)
        if delay is None:
            self._arrivals = arrivals
            self._turns.pop(client, None)
            return
        self._forget_turns(now)
        if client not in self._turns:
            self._arrivals = arrivals
            self._turns[client] = now + delay
        self._limited()
        raise SessionsLimitedError(retry_after_seconds=self._turns[client] - now)

    def send_away(self) -> float:
        """Gives when an agent whose session ends is to come back, in seconds."""
        now = self._clock.monotonic()
        self._arrivals, delay = send_away(self._arrivals, now, self._per_second)
        return delay

    def _forget_turns(self, now: float) -> None:
        """Forgets turns that have come; later promises are of later turns."""
        while self._turns and self._turns[next(iter(self._turns))] <= now:
            del self._turns[next(iter(self._turns))]

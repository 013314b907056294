"""How long to wait before a crashed process is started again."""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
CALM_SECONDS = 60.0


class BackOff:
    """Doubles the delay with each crash; a process that ran for a minute starts afresh."""

    def __init__(self) -> None:
        self._delay_seconds = FIRST_SECONDS
        self._started_at = 0.0
        self._due_at: float | None = None

    def started(self, now: float) -> None:
        """Notes that the process was started (seconds of a monotonic clock)."""
        self._started_at = now
        self._due_at = None

    def crashed(self, now: float) -> float | None:
        """Notes that the process is down; gives the delay when this is news, else None."""
        if self._due_at is not None:
            return None
        if now - self._started_at >= CALM_SECONDS:
            self._delay_seconds = FIRST_SECONDS
        delay = self._delay_seconds
        self._due_at = now + delay
        self._delay_seconds = min(2 * delay, LONGEST_SECONDS)
        return delay

    def due(self, now: float) -> bool:
        """Whether it is time to start the process again."""
        return self._due_at is not None and now >= self._due_at

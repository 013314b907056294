"""A clock that moves only when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """In-memory twin of `pfi_common.clock.SystemClock`."""

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            message = "the start needs a time zone"
            raise ValueError(message)
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Moves both clocks forward together."""
        if seconds < 0:
            message = "time does not run backwards"
            raise ValueError(message)
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

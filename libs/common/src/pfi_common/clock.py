"""Time as a dependency, so that tests decide what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Gives the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Gives seconds from an arbitrary start that never run backwards."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Gives the wall-clock time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that reads the machine's clock

    def monotonic(self) -> float:
        """Gives the seconds of the machine's monotonic clock."""
        return time.monotonic()

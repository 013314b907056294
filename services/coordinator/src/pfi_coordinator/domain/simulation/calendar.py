"""The virtual clock, and what is going to happen."""

import heapq
from collections.abc import Iterable
from enum import IntEnum

_FEW = 64


class Due(IntEnum):
    """Kinds of happenings; of those at the same time the lower one comes first."""

    WORK_DONE = 0
    WORK_STOPS = 1
    GIVEN_BACK = 2
    COMMITTED = 3
    REPORTED = 4
    PRESENCE = 5
    RESTART = 6
    EFFECT = 7
    LOOK = 8
    SAMPLE = 9


Entry = tuple[float, int, int, int, int]
"""Time in seconds, kind, subject, token, order: of equal ones the first that was entered."""


class Calendar:
    """A heap of happenings.

    Attributes:
        now: Virtual time in seconds after midnight, UTC, of the first day.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[Entry] = []
        self._order = 0

    def at(self, seconds: float, due: Due, subject: int = 0, token: int = 0) -> None:
        """Enters one happening; what should have happened already happens now."""
        self._order += 1
        entry = (max(seconds, self.now), int(due), subject, token, self._order)
        heapq.heappush(self._heap, entry)

    def at_each(self, due: Due, entries: Iterable[tuple[float, int, int]]) -> None:
        """Enters many happenings of one kind, given as (seconds, subject, token)."""
        kind, order, now = int(due), self._order, self.now
        made = [
            (max(seconds, now), kind, subject, token, order + index)
            for index, (seconds, subject, token) in enumerate(entries, 1)
        ]
        self._order += len(made)
        if len(made) < _FEW:
            for entry in made:
                heapq.heappush(self._heap, entry)
        else:
            self._heap.extend(made)
            heapq.heapify(self._heap)

    def next(self) -> tuple[int, int, int]:
        """Moves the clock to the next happening and gives its kind, subject and token."""
        self.now, kind, subject, token, _ = heapq.heappop(self._heap)
        return kind, subject, token

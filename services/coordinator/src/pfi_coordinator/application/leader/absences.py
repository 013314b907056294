"""Since when clients that hold an open task have had no session."""

from collections.abc import Iterable, Set

from pfi_common.clock import Clock
from pfi_coordinator.domain.collecting import keeps_cohort
from pfi_coordinator.domain.state import RunState

_LOOKS_PER_GRACE = 4

_MANY_RETURNS = (3, 0.05)
"""So many clients, and this share of those away, come back at once after an outage of services."""


class Absences:
    """Notes who is away. A new leader begins anew, so that its grace is longer, never shorter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[tuple[str, str], float] = {}
        self._due_at = 0.0

    def due(self, lines: Iterable[RunState]) -> bool:
        """Whether it is time to look again."""
        return any(map(keeps_cohort, lines)) and self._clock.monotonic() >= self._due_at

    def looked(self, lines: Iterable[RunState], connected: Set[str]) -> None:
        """Takes in who is connected.

        While many come back the others are still on their way: arrivals are paced, and nobody shall
        lose its place for that.
        """
        now, since = self._clock.monotonic(), self._since
        returned = sum(client in connected for _, client in since)
        fewest, share = _MANY_RETURNS
        if returned >= fewest and returned >= share * len(since):
            since = {}
        kept = [line for line in lines if keeps_cohort(line)]
        away = {(line.line, client) for line in kept for client in _working(line) - connected}
        self._since = {name: since.get(name, now) for name in away}
        graces = [line.rules.selection.absence_seconds for line in kept]
        self._due_at = now + min(graces, default=0.0) / _LOOKS_PER_GRACE

    def lasting(self, line: RunState) -> frozenset[str]:
        """Gives the clients that have been away for longer than the run's grace."""
        latest = self._clock.monotonic() - line.rules.selection.absence_seconds
        return frozenset(
            client
            for (name, client), since in self._since.items()
            if name == line.line and since <= latest and client in _working(line)
        )


def _working(line: RunState) -> frozenset[str]:
    return frozenset[str]() if line.round is None else line.round.open

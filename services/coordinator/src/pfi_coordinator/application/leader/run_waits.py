"""How long the runs of this leader have been waiting, and for what."""

from datetime import datetime

from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.state import RunState
from pfi_coordinator.domain.why import WaitReason, Why


class RunWaits:
    """What each run waits for, as its driver saw it last.

    A driver looks at its run every second, whether anything happens or not. A run whose driver
    broke is kept: it waits all the more.
    """

    def __init__(self) -> None:
        self._waits: dict[str, Why] = {}

    def saw(self, state: RunState) -> None:
        """Notes what a run waits for; one that has ended waits for nothing."""
        why = explain(state)
        if why.reason is WaitReason.NOTHING:
            self.forget(state.run)
        else:
            self._waits[state.run] = why

    def forget(self, run: str) -> None:
        """Takes a run off that is at rest."""
        self._waits.pop(run, None)

    def clear(self) -> None:
        """Takes every run off: another leader drives them."""
        self._waits.clear()

    def count(self, reason: WaitReason) -> int:
        """Gives how many runs wait for this."""
        return len(self._of(reason))

    def longest_seconds(self, reason: WaitReason, now: datetime) -> float:
        """Gives how long the run that has waited longest for this has done so; 0 for none."""
        return max((_seconds(why.since, now) for why in self._of(reason)), default=0.0)

    def overdue_seconds(self, reason: WaitReason, now: datetime) -> float:
        """Gives for how long a wait that should be over by itself lasts already; 0 for none."""
        due = [why.due for why in self._of(reason) if why.due is not None]
        return max((_seconds(moment, now) for moment in due), default=0.0)

    def _of(self, reason: WaitReason) -> list[Why]:
        return [why for why in self._waits.values() if why.reason is reason]


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())

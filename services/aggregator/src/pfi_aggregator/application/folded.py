"""What has been summed of a round before its end."""

import threading
from dataclasses import dataclass, field

from pfi_aggregator.application.arriving_update import ArrivingUpdate
from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.application.round_sums import RoundSums
from pfi_aggregator.domain.update import CountedUpdate


@dataclass(eq=False)
class Folded(RoundSums):
    """The sums of a round that is open or sealed.

    Attributes:
        arriving: Updates that may be in the sums in part, by task.
        busy: Held while a committed update is folded.
    """

    arriving: dict[str, ArrivingUpdate] = field(default_factory=dict)
    busy: threading.Lock = field(default_factory=threading.Lock)
    _tasks: set[str] = field(default_factory=set)
    _passed: int = 0  # so many of the first committed updates are in the sums

    def add(self, update: CountedUpdate) -> None:
        """Notes an update that is in the sums."""
        self._tasks.add(update.task)
        super().add(update)

    def choose(self, rounds: Rounds) -> CountedUpdate | None:
        """Gives a committed update that is to be folded; none while there is none."""
        start = self._passed
        for number, item in enumerate(rounds.committed(self.plan.key, start), start):
            task = item.counted.task
            if task in self.arriving:  # asked first: it is noted before it has ceased to arrive
                continue
            if task not in self._tasks:
                return item.counted
            if number == self._passed:
                self._passed = number + 1
        return None

    def settle_arriving(self) -> None:
        """Takes out of the sums what has not been counted, unless folding anew is less work.

        Raises:
            PlatformError: it cannot be read; the sums are spoilt.
        """
        arriving = tuple(self.arriving.values())
        counted_bytes = sum(update.payload_bytes for update in self.updates)
        if sum(item.summed_bytes for item in arriving) > counted_bytes:
            self.spoilt = True
            return
        for item in arriving:
            item.take_back()

    def let_go(self) -> None:
        """Lets what arrives forget sums that nobody will use."""
        for item in tuple(self.arriving.values()):
            item.let_go()

    def holds_only(self, arriving: ArrivingUpdate) -> bool:
        """Whether nothing else is in the sums, nor is being added."""
        others = self.arriving.keys() - {arriving.task}
        return not (self.updates or others or self.busy.locked())

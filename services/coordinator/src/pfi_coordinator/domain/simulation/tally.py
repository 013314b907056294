"""What a simulation counts while it goes."""

from collections import Counter
from dataclasses import dataclass, field

from pfi_coordinator.domain.simulation.fleet import Numbers
from pfi_coordinator.domain.simulation.jobs import Fate


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One published round; times are seconds after the begin of the run.

    Attributes:
        line: That it belongs to.
        number: Of the round.
        attempts: How often it was opened.
        begun: When the run began to look for its cohort.
        opened: When uploads were taken, in the last attempt.
        sealed: When its counted set was fixed.
        published: When the next version was there.
        selected: Clients of the last attempt.
        counted: Updates.
        loss: By the learning model.
    """

    line: str
    number: int
    attempts: int
    begun: float
    opened: float
    sealed: float
    published: float
    selected: int
    counted: int
    loss: float


@dataclass(frozen=True, slots=True)
class Sample:
    """How many devices did what at one moment, seconds after the begin of the run."""

    at: float
    online: int
    charging: int
    busy: int


@dataclass
class Tally:
    """Counters of a simulation.

    Attributes:
        happenings: Everything that happened, of the world and of the machine.
        decisions: Events that the machine decided about.
        fates: Of all training tasks and evaluations.
        interruptions: Tasks interrupted because the device left.
        flat_batteries: Tasks interrupted because the battery ran low.
        connected_seconds: Time that devices were there, of all together.
        useful_seconds: Work on tasks that counted.
        wasted_seconds: Work on training tasks that did not count.
        longest_return_seconds: After a restart, until the last session was back.
        arrivals: Sessions opened, by second.
        commits: Updates committed, by second.
        bytes_in: Payload received by the spools, by second.
        download_bytes: Payload sent to devices.
        rounds: Published rounds.
        samples: Who was there, now and then.
        participants: Devices of which at least one update counted.
    """

    happenings: int = 0
    decisions: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    interruptions: int = 0
    flat_batteries: int = 0
    connected_seconds: float = 0.0
    useful_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    wasted_seconds: float = 0.0
    longest_return_seconds: float = 0.0
    arrivals: Counter[int] = field(default_factory=Counter)
    commits: Counter[int] = field(default_factory=Counter)
    bytes_in: Counter[int] = field(default_factory=Counter)
    download_bytes: int = 0
    rounds: list[RoundRow] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    participants: set[int] = field(default_factory=set)

    def arrived(self, times: Numbers) -> None:
        """Counts sessions that were opened at these times."""
        self.arrivals.update(map(int, times.tolist()))

    def returned(self, now: float, delays: Numbers) -> None:
        """Counts sessions that come back after a restart, so many seconds from now."""
        self.arrived(now + delays)
        self.longest_return_seconds = max(self.longest_return_seconds, *delays.tolist(), 0.0)

    def committed(self, now: float, size_bytes: int) -> None:
        """Counts an update that a spool took."""
        self.commits[int(now)] += 1
        self.bytes_in[int(now)] += size_bytes

    def ended(self, fate: Fate, spent_seconds: float) -> None:
        """Counts the end of a task."""
        self.fates[fate] += 1
        if fate is Fate.COUNTED:
            self.useful_seconds += spent_seconds
        elif fate in {Fate.ANSWERED, Fate.UNANSWERED}:
            self.evaluation_seconds += spent_seconds
        else:
            self.wasted_seconds += spent_seconds

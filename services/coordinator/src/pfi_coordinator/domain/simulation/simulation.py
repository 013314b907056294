"""One simulated run: the discrete-event loop."""

from collections.abc import Callable
from dataclasses import dataclass

from pfi_coordinator.domain.rules import RunRules
from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario, Work
from pfi_coordinator.domain.simulation.calendar import Due
from pfi_coordinator.domain.simulation.decided import MIDNIGHT, Decided, Observer
from pfi_coordinator.domain.simulation.fleet import draw_fleet
from pfi_coordinator.domain.simulation.leader import SimulatedLeader
from pfi_coordinator.domain.simulation.offers import Offers
from pfi_coordinator.domain.simulation.presence import Presence
from pfi_coordinator.domain.simulation.restarts import sessions_after_restart
from pfi_coordinator.domain.simulation.rounds_seen import RoundsSeen
from pfi_coordinator.domain.simulation.tally import Sample
from pfi_coordinator.domain.simulation.trace import DAY_SECONDS
from pfi_coordinator.domain.simulation.world import World
from pfi_coordinator.domain.state import RunState, new_run

Handler = Callable[[int, int], None]
"""Lets one thing happen, told its subject and token."""

RUN = "r-0000000000"
_PRESENCE_SECONDS = 1.0
_SAMPLE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a simulation ended.

    Attributes:
        state: Of the run.
        seconds: Virtual time that passed.
        interrupted: Whether somebody stopped it.
        busy_seconds: Time that the coordinator took to decide and store.
    """

    state: RunState
    seconds: float
    interrupted: bool
    busy_seconds: float


class Simulation:
    """Everything of one simulated run.

    Attributes:
        world: Devices, network and spools.
        tally: What was counted so far.
        begin_seconds: Virtual time at which the run is submitted.
    """

    def __init__(
        self,
        rules: RunRules,
        work: Work,
        assumptions: Assumptions,
        scenario: Scenario,
        observe: Observer | None = None,
    ) -> None:
        fleet = draw_fleet(scenario.clients, assumptions.devices, scenario.seed)
        self.world = World(fleet, assumptions, scenario, work)
        self.tally = self.world.tally
        self._calendar, self._scenario = self.world.calendar, scenario
        self.begin_seconds = self._calendar.now
        self._presence = Presence(fleet, assumptions.devices, scenario.seed)
        seen = RoundsSeen(self.tally, assumptions.learning, self.begin_seconds)

        def watch(decided: Decided) -> None:
            seen(decided)
            self.world.histories.note(decided)
            if observe is not None:
                observe(decided)

        state = new_run(RUN, rules, MIDNIGHT)
        offers = Offers(self.world, rules.demands, self.world.histories)
        self._leader = SimulatedLeader(state, self.world, offers, watch)

    @property
    def state(self) -> RunState:
        """The run as it is."""
        return self._leader.state

    @property
    def seconds(self) -> float:
        """Virtual time that has passed since the begin."""
        return self._calendar.now - self.begin_seconds

    def run(self, stopped: Callable[[], bool] = lambda: False) -> Ending:
        """Simulates until the run is at rest, the longest time has passed, or it is stopped.

        Args:
            stopped: Is asked before every happening.
        """
        self._prepare()
        last = self.begin_seconds + self._scenario.longest_days * DAY_SECONDS
        interrupted, handlers = False, self._handlers()
        while not self._leader.at_rest and self._calendar.now <= last:
            interrupted = stopped()
            if interrupted:
                break
            kind, subject, token = self._calendar.next()
            handlers[kind](subject, token)
            self.tally.happenings += kind in _COUNTED
            if self.world.inbox.filled:
                self._leader.notice()
        self.world.close()
        return Ending(self._leader.state, self.seconds, interrupted, self._leader.busy_seconds)

    def _prepare(self) -> None:
        calendar = self._calendar
        _, there = self._presence.until(calendar.now)
        self.world.workers.come(there)
        calendar.at(calendar.now, Due.SAMPLE)
        calendar.at(calendar.now + _PRESENCE_SECONDS, Due.PRESENCE)
        for index, hours in enumerate(self._scenario.restart_hours):
            calendar.at(self.begin_seconds + hours * _HOUR_SECONDS, Due.RESTART, index)
        self._leader.submit()

    def _handlers(self) -> tuple[Handler, ...]:
        """Gives what to do for each kind of happening, in the order of the kinds."""
        done: dict[Due, Handler] = {
            Due.WORK_DONE: self.world.work_done,
            Due.WORK_STOPS: self.world.work_stops,
            Due.GIVEN_BACK: self.world.given_back,
            Due.COMMITTED: self.world.committed,
            Due.REPORTED: self.world.reported,
            Due.PRESENCE: self._follow_presence,
            Due.RESTART: self._restart,
            Due.EFFECT: self._leader.effect_done,
            Due.LOOK: self._leader.look,
            Due.SAMPLE: self._sample,
        }
        return tuple(done[due] for due in Due)

    def _follow_presence(self, _subject: int, _token: int) -> None:
        """Lets devices come and go; a line that waits looks at who is there."""
        now, workers = self._calendar.now, self.world.workers
        self.tally.connected_seconds += workers.connected * _PRESENCE_SECONDS
        left, came = self._presence.until(now)
        workers.leave(left)
        workers.come(came)
        self.tally.arrived(came.begin)
        self.tally.happenings += len(left) + len(came)
        self._leader.notice()
        self._calendar.at(now + _PRESENCE_SECONDS, Due.PRESENCE)

    def _restart(self, index: int, _token: int) -> None:
        """Lets every session break and come back, each after its agent's back-off."""
        workers, service = self.world.workers, self.world.assumptions.service
        number = workers.connected
        seed = [self._scenario.seed, index]
        delays = sessions_after_restart(
            number, service.restart_seconds, service.sessions_per_second, seed
        )
        self.tally.returned(self._calendar.now, delays)
        self.tally.happenings += number
        self._leader.pause(self._calendar.now + service.restart_seconds)

    def _sample(self, _subject: int, _token: int) -> None:
        workers = self.world.workers
        charging = int((workers.online & workers.charging).sum())
        self.tally.samples.append(Sample(self.seconds, workers.connected, charging, workers.busy))
        self._calendar.at(self._calendar.now + _SAMPLE_SECONDS, Due.SAMPLE)


_COUNTED = frozenset(
    {Due.WORK_DONE, Due.WORK_STOPS, Due.GIVEN_BACK, Due.COMMITTED, Due.REPORTED, Due.EFFECT}
)
"""What counts as a happening each; of presence every arrival and departure does."""

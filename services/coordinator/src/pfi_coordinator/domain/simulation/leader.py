"""The leading coordinator of a simulation: it looks, decides and has effects carried out.

The order is that of the driver of a run: news, clients for those who wait, deadlines, and then the
oldest effect of each line, beside those that may overtake.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pfi_coordinator.domain.cohort import needs_clients, wanted_clients
from pfi_coordinator.domain.collecting import keeps_cohort, needs_replacements
from pfi_coordinator.domain.effects import Effect, effect_key
from pfi_coordinator.domain.events import Event, RunSubmitted, Tick
from pfi_coordinator.domain.lines import every_line, line_named
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.outbox import is_wanted, may_overtake
from pfi_coordinator.domain.simulation.calendar import Calendar, Due
from pfi_coordinator.domain.simulation.carry_out import CarryOut
from pfi_coordinator.domain.simulation.decided import MIDNIGHT, Decided, Observer
from pfi_coordinator.domain.simulation.offers import Offers
from pfi_coordinator.domain.simulation.world import World
from pfi_coordinator.domain.state import RoundState, RunState
from pfi_coordinator.domain.timing import next_deadline

_NEWS, _DEADLINE = 0, 1
_LOOK_SECONDS, _LOOKS_PER_GRACE = 1.0, 4
"""How often clients are looked for when some are missing, and when they may have gone."""
_MICROSECOND = 1e-6


class SimulatedLeader:
    """Drives one run through the world.

    Attributes:
        state: Of the run.
        busy_seconds: Time that it took to decide and store.
    """

    def __init__(
        self,
        state: RunState,
        world: World,
        offers: Offers,
        observe: Observer,
    ) -> None:
        self.state = state
        self._world, self._offers, self._observe = world, offers, observe
        self._calendar: Calendar = world.calendar
        self._carry_out = CarryOut(world)
        self._outbox: list[Effect] = []
        self._running: dict[int, tuple[str, Effect]] = {}
        self._begun = 0
        self._busy_until = self._calendar.now
        self.busy_seconds = 0.0
        self._look_entered = False
        self._deadline: datetime | None = None
        self._timed: RunState | None = None
        self._next: datetime | None = None
        self._replace_at = self._calendar.now

    @property
    def at_rest(self) -> bool:
        """Whether the run has ended and everything is cleaned up."""
        return self.state.at_rest and not self._outbox

    def submit(self) -> None:
        """Begins with the run."""
        self._apply(RunSubmitted())
        self.notice()

    def notice(self) -> None:
        """Looks at the run as soon as the last decision is stored."""
        if not self._look_entered:
            self._look_entered = True
            self._calendar.at(self._busy_until, Due.LOOK, token=_NEWS)

    def pause(self, until: float) -> None:
        """Keeps the coordinator from looking before this time."""
        self._busy_until = max(self._busy_until, until)

    def look(self, _subject: int, token: int) -> None:
        """Does everything that can be done now."""
        if token == _NEWS:
            self._look_entered = False
        while self._advance():
            pass
        self._arrange()
        self._mind_deadline()

    def effect_done(self, number: int, _token: int) -> None:
        """Tells the machine what came of an effect."""
        _, effect = self._running.pop(number)
        self._outbox.remove(effect)
        outcome = self._carry_out.end(effect, self._now)
        if outcome is not None:
            self._apply(outcome)
        self.notice()

    @property
    def _now(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self._calendar.now)

    def _changes(self, event: Event) -> bool:
        """Lets something happen; True when it was news."""
        before = self.state
        return bool(self._apply(event)) or self.state != before

    def _apply(self, event: Event) -> tuple[Effect, ...]:
        before, now = self.state, self._now
        self.state, asked = decide(before, event, now)
        self._outbox.extend(asked)
        self._observe(Decided(before, event, now, self.state, asked))
        service = self._world.assumptions.service
        cohort = 0 if self.state.round is None else self.state.rules.selected_count
        seconds = service.looking_seconds(cohort)
        self._busy_until = max(self._busy_until, self._calendar.now) + seconds
        self.busy_seconds += seconds
        return asked

    def _advance(self) -> bool:
        """Lets something happen that needs no effect; True when something did."""
        if self._world.inbox.filled:
            for event in self._world.inbox.empty():
                self._apply(event)
            return True
        if self._offer_clients():
            return True
        due = self._due()
        return due is not None and due <= self._now and self._changes(Tick())

    def _due(self) -> datetime | None:
        """Gives the next deadline of the state as it is."""
        if self._timed is not self.state:
            self._timed, self._next = self.state, next_deadline(self.state)
        return self._next

    def _offer_clients(self) -> bool:
        """Shows clients to lines that wait for a cohort or miss some of it."""
        moved = False
        for line in every_line(self.state):
            event = None if line.round is None else self._offer(line, line.round)
            moved = (event is not None and self._changes(event)) or moved
        return moved

    def _offer(self, line: RunState, current: RoundState) -> Event | None:
        """Gives what would change something: enough clients, or some for empty places."""
        if needs_clients(line):
            enough = self._offers.count(line) >= wanted_clients(line, current, self._now)
            return self._offers.offer(line, current) if enough else None
        if not keeps_cohort(line) or self._calendar.now < self._replace_at:
            return None
        missing = needs_replacements(line)
        grace = line.rules.selection.absence_seconds / _LOOKS_PER_GRACE
        self._replace_at = self._calendar.now + (_LOOK_SECONDS if missing else grace)
        absent = self._offers.absent(line, current)
        if len(current.committed) + len(current.open) - len(absent) >= line.rules.size:
            return None
        return self._offers.substitutes(line, current, absent)

    def _arrange(self) -> None:
        """Begins with the oldest effect of each line, and with those that may overtake."""
        if len(self._outbox) == len(self._running):
            return
        while unwanted := [item for item in self._idle() if not self._wanted(item[1])]:
            for _, effect in unwanted:
                self._outbox.remove(effect)
        for name, effect in self._idle():
            line = line_named(self.state, effect.line) or self.state
            seconds = self._carry_out.begin(effect, line)
            self._begun += 1
            self._running[self._begun] = (name, effect)
            self._calendar.at(self._calendar.now + seconds, Due.EFFECT, self._begun)

    def _idle(self) -> Iterable[tuple[str, Effect]]:
        """Gives the effects that could begin now."""
        oldest: dict[str, Effect] = {}
        for effect in self._outbox:
            name = effect_key(effect) if may_overtake(effect) else f"effect of {effect.line}"
            oldest.setdefault(name, effect)
        running = {name for name, _ in self._running.values()}
        return [item for item in oldest.items() if item[0] not in running]

    def _wanted(self, effect: Effect) -> bool:
        line = line_named(self.state, effect.line)
        return line is not None and is_wanted(line, effect)

    def _mind_deadline(self) -> None:
        """Enters the next deadline, once."""
        due = self._due()
        if due is not None and due != self._deadline and due > self._now:
            seconds = (due - MIDNIGHT).total_seconds() + _MICROSECOND
            self._calendar.at(seconds, Due.LOOK, token=_DEADLINE)
        self._deadline = due

"""A leader's process: it carries effects out, watches rounds, offers clients, minds deadlines."""

from dataclasses import replace

from tests.unit.coordinator.engine.hands import HOME, key_of, spools_of
from tests.unit.coordinator.engine.outside import AwayError, RefusedError, SupersededError

from pfi_coordinator.domain import events
from pfi_coordinator.domain.cohort import needs_clients, would_open
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.lines import every_line, line_named, selectable
from pfi_coordinator.domain.outbox import is_wanted, may_overtake
from pfi_coordinator.domain.placing import newcomers, wants_newcomers
from pfi_coordinator.domain.state import UNSETTLED, RunPhase
from pfi_coordinator.domain.timing import next_deadline


class Leader:
    """What one process does at the same time: generators that stop wherever it may die."""

    def __init__(self, outside, token: int) -> None:
        self.outside = outside
        self.token = token
        self.deposed = False
        self.tasks = {}
        self._told = {}

    def arrange(self) -> None:
        """Starts what fits the stored state, as a driver does."""
        state, outbox = self.outside.store.state, list(self.outside.store.outbox.values())
        if state.phase is RunPhase.PENDING and not outbox:
            self._start("submit", self.outside.apply(events.RunSubmitted()))
        for name, effect in self._oldest(outbox).items():
            self._start(name, self.run_effect(effect))
        due = next_deadline(state)
        if due is not None and due <= self.outside.now:
            self._start("tick", self.outside.apply(events.Tick()))
        if any(needs_clients(line) for line in every_line(state)) or wants_newcomers(state):
            self._start("offer", self.offer())
        for line in every_line(state):
            if line.round is not None and line.round.phase in UNSETTLED:
                for spool in spools_of(line.round):
                    self._start(f"watch {spool} of {line.line}", self.watch(line.round, spool))

    @staticmethod
    def _oldest(outbox):
        oldest = {}
        for effect in outbox:
            name = effect_key(effect) if may_overtake(effect) else f"effect of {effect.line}"
            oldest.setdefault(name, effect)
        return oldest

    def step(self, name: str) -> None:
        """Lets one of its generators go on to the next place where it may die."""
        try:
            next(self.tasks[name])
        except StopIteration:
            del self.tasks[name]
        except SupersededError:
            self.deposed = True
            self.tasks.clear()

    def run_effect(self, effect):
        store, name = self.outside.store, effect_key(effect)
        state = line_named(store.state, effect.line)
        yield
        if state is None or not is_wanted(state, effect):
            store.served.add(effect)
            store.acknowledge(name)
            return
        try:
            event = yield from self.outside.carry_out(self.token, state, effect)
        except AwayError as away:
            yield from self.outside.apply(
                events.EffectDelayed(effect.kind, away.reason, away.spools, line=effect.line)
            )
            return
        except RefusedError as refused:
            named = (effect.kind, effect.number, effect.attempt)
            event = events.EffectFailed(*named, refused.reason, "no", line=effect.line)
        store.served.add(effect)
        if event is None:
            store.acknowledge(name)
        else:
            yield from self.outside.apply(event, acknowledged=name, line=effect.line)
        yield
        if state.trouble is not None and state.trouble.effect == effect.kind:
            yield from self.outside.apply(events.EffectDelayed(effect.kind, "", line=effect.line))

    def offer(self):
        """Shows the connected clients, and the spools that answer, to whoever waits for them."""
        state, clients = self.outside.store.state, self.outside.connected()
        known = sorted(self.outside.aggregators)
        up = tuple(name for name in known if not self.outside.aggregators[name].away)
        up = (HOME,) if known == [HOME] else up
        yield
        for line in every_line(state):
            if not needs_clients(line):
                continue
            offered = selectable(line, clients)
            absent = tuple(sorted(line.round.open & self.outside.offline))
            event = events.ClientsEligible(offered, (), len(known), absent=absent, line=line.line)
            if would_open(line, offered, self.outside.now):
                event = replace(event, spools=up)
                if not up:
                    named = ("find_spools", "SPOOL_UNAVAILABLE", ", ".join(known))
                    event = events.EffectDelayed(*named, line=line.line)
            yield from self.outside.apply(event)
        if wants_newcomers(state):
            yield from self.outside.apply(events.ClientsEligible(newcomers(state, clients)))

    def watch(self, current, spool):
        """Tells of every committed update once in this leader's life."""
        part = self.outside.aggregators[spool].parts.get(key_of(current))
        told = self._told.setdefault((key_of(current), spool), set())
        if part is None or self.outside.aggregators[spool].away:
            return
        closed = part.state != "open"
        fresh = () if part.state == "aborted" else tuple(sorted(part.committed - told))
        yield
        if fresh:
            updates = tuple(events.CommittedUpdate(client, clipped=True) for client in fresh)
            named = (current.number, current.attempt, updates)
            yield from self.outside.apply(events.UpdatesCommitted(*named, line=current.line))
            told.update(fresh)
        if closed:
            named = (current.number, current.attempt)
            yield from self.outside.apply(events.UploadsClosed(*named, line=current.line))

    def _start(self, name, work) -> None:
        self.tasks.setdefault(name, work)

"""The machine against a world that repeats, delays, reorders and fails."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.coordinator.domain.builders import START, adapter, run

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.cohort import needs_clients
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.rules import MAXIMUM_ATTEMPTS
from pfi_coordinator.domain.state import RoundPhase
from pfi_coordinator.domain.timing import next_deadline

CLIENTS = tuple(f"c-{index}" for index in range(6))
some_clients = st.sets(st.sampled_from(CLIENTS)).map(lambda chosen: tuple(sorted(chosen)))


class World(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.first = run(rounds=2, selected_count=4, size=3, minimum=2)
        self.state = self.first
        self.now = START
        self.log = []
        self.outbox = []
        self.keys = []
        self.results = []
        self.counted = set()
        self.holders = {}
        self.happen(events.RunSubmitted())

    def happen(self, event):
        before = self.state
        self.state, asked = decide(self.state, event, self.now)
        if self.state != before or asked:
            self.log.append((event, self.now))
        self.outbox.extend(asked)
        self.keys.extend(effect_key(effect) for effect in asked)

    def result_of(self, effect):  # noqa: PLR0911 - one line for each effect
        number, attempt = effect.number, effect.attempt
        current = self.state.round
        match effect:
            case effects.CreateInitialAdapter():
                return events.InitialAdapterMade(adapter(0))
            case effects.OpenRound():
                return events.RoundOpened(number, attempt)
            case effects.SealRound():
                return events.RoundSealed(number, attempt, tuple(sorted(current.committed)))
            case effects.FinalizeRound():
                return events.RoundPublished(number, attempt, adapter(number), 0.1)
            case effects.AbortRound():
                return events.RoundAborted(number, attempt)
            case effects.StoreEvaluation():
                return events.EvaluationStored()
        return None

    def carry_out(self, effect):
        """What the driver does with one effect; tasks are given out and taken back here."""
        if not is_wanted(self.state, effect):
            return
        match effect:
            case effects.DispatchTasks(clients=clients):
                for client in set(clients) & self.state.round.open:
                    self.holders.setdefault(client, set()).add((effect.number, effect.attempt))
            case effects.CancelTasks(clients=clients):
                for client in clients:
                    self.holders.get(client, set()).discard((effect.number, effect.attempt))
        event = self.result_of(effect)
        if event is not None:
            self.results.append(event)
            self.happen(event)

    @precondition(lambda self: self.outbox)
    @rule(repeat=st.booleans())
    def effect_runs(self, repeat):
        effect = self.outbox.pop(0)
        self.carry_out(effect)
        if repeat:
            self.carry_out(effect)

    @precondition(lambda self: self.outbox)
    @rule()
    def effect_fails(self):
        effect = self.outbox.pop(0)
        if isinstance(effect, effects.DispatchTasks | effects.CancelTasks):
            self.carry_out(effect)
        elif is_wanted(self.state, effect):
            kind = effect.kind
            failed = events.EffectFailed(kind, effect.number, effect.attempt, "INTERNAL", "no")
            self.happen(failed)

    @precondition(lambda self: self.results)
    @rule(data=st.data())
    def late_result_comes_again(self, data):
        event = data.draw(st.sampled_from(self.results))
        before = self.state
        self.happen(event)
        assert self.state == before

    @rule(clients=some_clients)
    def clients_are_eligible(self, clients):
        self.happen(events.ClientsEligible(clients))

    @rule(clients=some_clients, number=st.integers(1, 2), attempt=st.integers(1, 3))
    def updates_arrive(self, clients, number, attempt):
        updates = tuple(events.CommittedUpdate(client) for client in clients)
        self.happen(events.UpdatesCommitted(number, attempt, updates))

    @precondition(lambda self: self.state.round is not None)
    @rule(clients=some_clients)
    def open_clients_commit(self, clients):
        current = self.state.round
        updates = tuple(events.CommittedUpdate(client) for client in clients)
        self.happen(events.UpdatesCommitted(current.number, current.attempt, updates))

    @rule(clients=some_clients, number=st.integers(1, 2), attempt=st.integers(1, 3))
    def receipts_arrive(self, clients, number, attempt):
        self.happen(events.TasksFinished(number, attempt, clients))

    @rule(clients=some_clients, number=st.integers(1, 2), attempt=st.integers(1, 3))
    def tasks_come_back(self, clients, number, attempt):
        self.happen(events.TasksGivenBack(number, attempt, clients))

    @rule(clients=some_clients)
    def clients_are_revoked(self, clients):
        self.happen(events.ClientsRevoked(clients))

    @rule(clients=some_clients)
    def evaluations_arrive(self, clients):
        self.happen(events.EvaluationAnswered(clients))

    @rule(seconds=st.floats(1, 700))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.happen(events.Tick())

    @rule()
    def a_person_cancels(self):
        if len(self.log) > 12:
            self.happen(events.CancelRequested())

    @invariant()
    def effects_are_named_once(self):
        assert len(self.keys) == len(set(self.keys))

    @invariant()
    def one_open_task_per_client(self):
        assert all(len(held) <= 1 for held in self.held_now().values())

    def held_now(self):
        current = self.state.round
        working = current.open if current is not None else frozenset()
        return {client: self.holders.get(client, set()) for client in working}

    @invariant()
    def cohort_parts_are_disjoint_and_attempts_bounded(self):
        current = self.state.round
        if current is not None:
            parts = (current.open, current.committed, current.closed)
            assert sum(map(len, parts)) == len(current.cohort)
            assert 1 <= current.attempt <= MAXIMUM_ATTEMPTS
            assert 1 <= current.number <= self.state.rules.rounds

    @invariant()
    def only_enough_updates_are_merged(self):
        current = self.state.round
        if current is not None and current.phase is RoundPhase.FINALIZING:
            assert len(current.committed) >= self.state.rules.minimum

    @invariant()
    def every_state_says_why(self):
        why = explain(self.state)
        assert all((why.waiting_for, why.since, why.unblocks, why.next))

    @invariant()
    def something_can_always_happen(self):
        """A state with no effect to carry out waits for clients, a deadline, or is at rest."""
        waits = needs_clients(self.state) or next_deadline(self.state) is not None
        assert self.outbox or waits or self.state.at_rest or self.state.evaluation is None

    def teardown(self):
        self.the_run_comes_to_an_end()
        self.replay_gives_the_same_state()

    def the_run_comes_to_an_end(self):
        """With working clients and a working aggregator, every run ends after bounded steps."""
        for _ in range(200):
            if self.state.at_rest and not self.outbox:
                return
            while self.outbox:
                self.carry_out(self.outbox.pop(0))
            if self.state.at_rest:
                return
            if needs_clients(self.state):
                self.happen(events.ClientsEligible(CLIENTS))
                continue
            due = next_deadline(self.state)
            if due is not None:
                self.now = max(self.now, due)
                self.happen(events.Tick())
        raise AssertionError(f"the run does not end: {self.state}")

    def replay_gives_the_same_state(self):
        state = self.first
        for event, now in self.log:
            state, _ = decide(state, event, now)
        assert state == self.state


World.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestWorld = World.TestCase

"""The machine against a world that repeats, delays, reorders and fails."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from tests.unit.coordinator.domain.world import CLIENTS, SPOOLS, World

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.cohort import needs_clients
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.lines import every_line, line_named, members_of_lines
from pfi_coordinator.domain.outbox import is_wanted, may_overtake
from pfi_coordinator.domain.partition import partition_pending
from pfi_coordinator.domain.rules import MAXIMUM_ATTEMPTS
from pfi_coordinator.domain.spools import spool_in
from pfi_coordinator.domain.state import GLOBAL, RoundPhase
from pfi_coordinator.domain.timing import next_deadline

some_clients = st.sets(st.sampled_from(CLIENTS)).map(lambda chosen: tuple(sorted(chosen)))
some_facts = st.lists(
    st.builds(
        events.ClientFacts,
        client=st.sampled_from(CLIENTS),
        selected=st.integers(0, 3),
        reported_round=st.integers(0, 2),
        seconds=st.none() | st.floats(1, 600),
        utility=st.none() | st.floats(0, 100),
    )
).map(tuple)
some_line = st.sampled_from([GLOBAL, GLOBAL, "cluster-1", "cluster-2", "cluster-3"])


class Chance(World):
    @initialize(kind=st.sampled_from(["plain", "spread", "kept", "clustered", "formed", "placing"]))
    def start(self, kind):
        self.begin(kind)

    def take(self, data):
        """An effect that the driver may carry out now: a line's oldest, or one out of order."""
        oldest = {}
        for effect in self.outbox:
            oldest.setdefault(effect if may_overtake(effect) else effect.line, effect)
        effect = data.draw(st.sampled_from(list(oldest.values())))
        self.outbox.remove(effect)
        return effect

    @precondition(lambda self: self.outbox)
    @rule(data=st.data(), repeat=st.booleans())
    def effect_runs(self, data, repeat):
        effect = self.take(data)
        self.carry_out(effect)
        if repeat:
            self.carry_out(effect)

    @precondition(lambda self: self.outbox)
    @rule(data=st.data())
    def effect_fails(self, data):
        effect = self.take(data)
        state = line_named(self.state, effect.line)
        reliable = (effects.DispatchTasks, effects.CancelTasks, effects.ForgetSketches)
        if isinstance(effect, reliable):
            self.carry_out(effect)
        elif state is not None and is_wanted(state, effect):
            named = (effect.kind, effect.number, effect.attempt)
            self.happen(events.EffectFailed(*named, "INTERNAL", "no", line=effect.line))

    @precondition(lambda self: self.results)
    @rule(data=st.data())
    def late_result_comes_again(self, data):
        event = data.draw(st.sampled_from(self.results))
        before = self.state
        self.happen(event)
        assert self.state == before

    @rule(clients=some_clients, line=some_line, absent=some_clients, facts=some_facts)
    def clients_are_eligible(self, clients, line, absent, facts):
        self.happen(replace(self.shown(clients, line), absent=absent, facts=facts))

    @precondition(lambda self: self.spools and self.outbox)
    @rule(data=st.data(), seconds=st.floats(1, 700))
    def a_spool_does_not_answer(self, data, seconds):
        effect = data.draw(st.sampled_from(self.outbox))
        state = line_named(self.state, effect.line)
        if state is None or not is_wanted(state, effect):
            return
        reason, spool = "SPOOL_UNAVAILABLE", self.spools[1]
        self.happen(events.EffectDelayed(effect.kind, reason, spool, line=effect.line))
        before = line_named(self.state, effect.line).round
        self.now += timedelta(seconds=seconds)
        self.happen(events.Tick())
        after = line_named(self.state, effect.line).round
        if before is not None and before.phase is RoundPhase.FINALIZING:
            assert after == before

    @precondition(lambda self: self.spools)
    @rule(done=st.integers(0, 2), number=st.integers(1, 2), attempt=st.integers(1, 3))
    def pieces_are_there(self, done, number, attempt):
        self.happen(events.PiecesReduced(number, attempt, done))

    @rule(clients=some_clients, number=st.integers(1, 2), attempt=st.integers(1, 3), line=some_line)
    def updates_arrive(self, clients, number, attempt, line):
        updates = tuple(events.CommittedUpdate(client) for client in clients)
        self.happen(events.UpdatesCommitted(number, attempt, updates, line=line))

    @rule(data=st.data())
    def a_whole_cohort_commits(self, data):
        self.everyone_commits(data.draw(st.sampled_from(every_line(self.state))))

    @rule(clients=some_clients, number=st.integers(1, 2), attempt=st.integers(1, 3), line=some_line)
    def receipts_arrive(self, clients, number, attempt, line):
        reports = tuple(events.ClientReport(client, float(number)) for client in clients)
        self.happen(events.TasksFinished(number, attempt, clients, reports, line=line))

    @rule(clients=some_clients, number=st.integers(1, 2), attempt=st.integers(1, 3), line=some_line)
    def tasks_come_back(self, clients, number, attempt, line):
        self.happen(events.TasksGivenBack(number, attempt, clients, line=line))

    @rule(clients=some_clients)
    def clients_are_revoked(self, clients):
        self.happen(events.ClientsRevoked(clients))

    @rule(clients=some_clients, line=some_line)
    def evaluations_arrive(self, clients, line):
        self.happen(events.EvaluationAnswered(clients, line=line))

    @precondition(lambda self: self.state.placements)
    @rule(data=st.data(), chosen=some_line)
    def a_new_client_chooses(self, data, chosen):
        asked = data.draw(st.sampled_from(self.state.placements))
        client = data.draw(st.sampled_from(sorted(asked.waiting)))
        known = chosen in {line.line for line in self.state.lines}
        self.happen(events.ClientPlaced(asked.number, client, chosen))
        assert any(client in item.waiting for item in self.state.placements) is not known

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
        working = [line.round.open for line in every_line(self.state) if line.round is not None]
        everyone = [client for clients in working for client in clients]
        assert len(everyone) == len(set(everyone))
        assert all(len(self.holders.get(client, ())) <= 1 for client in everyone)

    @invariant()
    def cohort_parts_are_disjoint_and_attempts_bounded(self):
        for line in every_line(self.state):
            if (current := line.round) is not None:
                parts = (current.open, current.committed, current.closed)
                assert sum(map(len, parts)) == len(current.cohort)
                assert 1 <= current.attempt <= MAXIMUM_ATTEMPTS
                assert 1 <= current.number <= line.rules.rounds
                assert current.line == line.line

    @invariant()
    def only_enough_updates_are_merged(self):
        for line in every_line(self.state):
            if line.round is not None and line.round.phase is RoundPhase.FINALIZING:
                assert len(line.round.committed) >= line.rules.minimum

    @invariant()
    def every_client_of_a_round_has_a_spool(self):
        for line in every_line(self.state):
            if (current := line.round) is not None and current.spools:
                assert set(current.spools) == set(SPOOLS)
                named = (current.number, current.attempt)
                assert all(spool_in(line, *named, client) in SPOOLS for client in current.cohort)

    @invariant()
    def a_client_is_in_one_cluster_and_nobody_else_is_selected(self):
        lines = self.state.lines
        assert sum(len(line.members) for line in lines) == len(members_of_lines(self.state))
        for line in lines:
            assert line.placed <= line.members
            if line.round is not None and line.round.phase is RoundPhase.OPENING:
                assert line.round.open <= line.members
            if line.members:
                assert 1 <= line.rules.minimum <= line.rules.size <= line.rules.selected_count
        asked = [client for item in self.state.placements for client in item.waiting]
        assert len(asked) == len(set(asked))
        assert not members_of_lines(self.state) & set(asked)

    @invariant()
    def a_run_with_lines_is_as_alive_as_they_are(self):
        if self.state.lines:
            assert self.state.round is None
            if all(line.phase.ended for line in self.state.lines):
                assert self.state.phase.ended or self.state.evaluation is not None
            else:
                assert not self.state.phase.ended

    @invariant()
    def every_state_says_why(self):
        for line in every_line(self.state):
            why = explain(line)
            assert all((why.waiting_for, why.since, why.unblocks, why.next))

    @invariant()
    def something_can_always_happen(self):
        """A line with no effect to carry out waits for clients, a deadline, or is at rest."""
        for line in every_line(self.state):
            busy = any(effect.line == line.line for effect in self.outbox) or bool(line.lines)
            waits = needs_clients(line) or next_deadline(line) is not None
            assert busy or waits or line.at_rest
            assert busy or not partition_pending(line)

    def teardown(self):
        self.the_run_comes_to_an_end()
        self.replay_gives_the_same_state()
        assert not self.sketches or not self.state.rules.cluster


Chance.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestWorld = Chance.TestCase

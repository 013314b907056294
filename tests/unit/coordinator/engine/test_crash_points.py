"""Leaders die between any two steps, stale ones go on, and nothing is lost or done twice."""

from datetime import timedelta
from typing import get_args

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.unit.coordinator.engine.oracles import (
    ALWAYS,
    IN_THE_END,
    without_answers_it_says_what_it_waits_for,
)
from tests.unit.coordinator.engine.world import CLIENTS, EngineWorld

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.state import RoundPhase

MOST_LEADERS = 4
RECENT = 8
LONG = 900
LONGEST_END_SECONDS = 4 * 3600
MOST_TIMES = 8
EVERYTHING = {*get_args(events.Event), *get_args(effects.Effect)}
SEEN: set[type] = set()
EXAMPLES = settings(max_examples=120, stateful_step_count=30, deadline=None)
REFUSABLE = (
    "open_round",
    "dispatch_tasks",
    "seal_round",
    "reduce_round",
    "store_evaluation",
    "dispatch_evaluation",
    "partition_clients",
)
some_client = st.sampled_from(CLIENTS)


class CrashPoints(RuleBasedStateMachine):
    @initialize(
        spread=st.booleans(),
        clustered=st.booleans(),
        replacing=st.booleans(),
        steps=st.integers(0, 120),
        clients_work=st.booleans(),
    )
    def start(self, spread, clustered, replacing, steps, clients_work):
        self.world = EngineWorld(
            spread=spread, clustered=clustered, replacing=replacing, rounds=2 + clustered
        )
        self.world.advance(steps if clients_work else 30)
        self.world.advance(steps, clients_work=clients_work)

    @rule(data=st.data(), steps=st.integers(1, 4))
    def one_task_of_a_leader_goes_on(self, data, steps):
        leader = data.draw(st.sampled_from(self.world.leaders))
        leader.arrange()
        if not leader.tasks:
            return
        name = data.draw(st.sampled_from(sorted(leader.tasks)))
        for _ in range(steps):
            if name in leader.tasks:
                leader.step(name)
        self.world.forget_deposed()

    @rule(steps=st.integers(1, 30), clients_work=st.booleans())
    def all_go_on(self, steps, clients_work):
        self.world.advance(steps, clients_work=clients_work)

    @rule(kind=st.sampled_from(REFUSABLE))
    def a_command_will_be_refused(self, kind):
        self.world.refused.add(kind)

    @precondition(lambda self: self.world.results())
    @rule(data=st.data())
    def something_that_happened_comes_again(self, data):
        self.world.happen(data.draw(st.sampled_from(self.world.results()[-RECENT:])))

    @precondition(lambda self: len(self.world.leaders) < MOST_LEADERS)
    @rule()
    def another_leader_is_elected(self):
        self.world.elect()

    @rule(data=st.data())
    def a_leader_dies(self, data):
        self.world.leaders.remove(data.draw(st.sampled_from(self.world.leaders)))
        if not self.world.leaders:
            self.world.elect()

    @rule()
    def every_process_dies(self):
        self.world.leaders.clear()
        self.world.clients.forget_reports()
        self.world.elect()

    @precondition(lambda self: self.world.clients.everything_to_do())
    @rule(data=st.data(), steps=st.integers(1, 6), give_back=st.booleans())
    def a_client_goes_on(self, data, steps, give_back):
        task = data.draw(st.sampled_from(self.world.clients.everything_to_do()))
        for _ in range(steps):
            if task in self.world.clients.inbox(task.client):
                self.world.clients.step(task, give_back=give_back)

    @rule(client=some_client)
    def a_client_leaves_or_comes(self, client):
        self.world.offline ^= {client}

    @rule(data=st.data())
    def a_spool_goes_or_comes(self, data):
        spool = data.draw(st.sampled_from(sorted(self.world.aggregators)))
        self.world.aggregators[spool].away ^= True

    @rule()
    def workers_go_or_come(self):
        self.world.workers_away ^= True

    @rule(seconds=st.sampled_from([1, 59, 61, 299, 301, 599, 601]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @precondition(lambda self: self.world.store.revision > 20)
    @rule(client=some_client)
    def a_client_is_revoked(self, client):
        self.world.revoke(client)

    @precondition(lambda self: self.world.store.revision > 20)
    @rule(really=st.sampled_from([False, False, False, True]))
    def a_person_cancels(self, really):
        if really:
            self.world.happen(events.CancelRequested())

    @rule(at_once=st.booleans())
    def a_person_pauses(self, at_once):
        self.world.happen(events.PauseRequested(at_once))

    @rule()
    def a_person_resumes(self):
        self.world.happen(events.ResumeRequested())

    @rule(rounds=st.integers(2, 4))
    def a_person_extends(self, rounds):
        self.world.happen(events.ExtendRequested(rounds))

    @invariant()
    def what_always_holds(self):
        for holds in ALWAYS:
            holds(self.world)

    def teardown(self):
        without_answers_it_says_what_it_waits_for(self.world)
        self.only_clients_are_missing()
        self.everybody_works()
        SEEN.update(self.world.seen)

    def only_clients_are_missing(self):
        self.world.heal()
        self.world.offline.update(CLIENTS)
        begun = self.world.now
        self.world.advance(LONG)
        for line in every_line(self.world.store.state):
            waits = line.round is not None and line.round.phase is RoundPhase.WAITING
            assert line.phase.ended or waits or line.lines
        assert self.world.now - begun <= timedelta(seconds=LONGEST_END_SECONDS)

    def everybody_works(self):
        self.world.heal()
        begun = self.world.now
        self.world.advance(LONG)
        for holds in IN_THE_END:
            holds(self.world)
        assert self.world.now - begun <= timedelta(seconds=LONGEST_END_SECONDS)
        self.world.store.replays()


def test_nothing_is_lost_or_done_twice_whoever_dies_when():
    """Until every event and every effect was met: sets have an order of their own in each run."""
    for number in range(MOST_TIMES):
        run_state_machine_as_test(seed(number)(CrashPoints), settings=EXAMPLES)
        if EVERYTHING <= SEEN:
            break
    assert EVERYTHING == SEEN

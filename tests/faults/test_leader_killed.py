"""The leading coordinator is killed, again and again, and another replica goes on."""

import time

import pytest
from tests.support.faults.logs import read_events

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

CLIENTS = 20
BUSY_SHARE, BUSY_SECONDS = 0.9, 300.0
SHORT = {"steps": 3, "batch_size": 1, "learning_rate": 1e-2, "maximum_tokens": 16}


@pytest.fixture(scope="module")
def replicated(tmp_path_factory, write_data):
    from tests.support.faults.replay import Replay
    from tests.support.faults.replicated_federation import ReplicatedFederation

    folder = tmp_path_factory.mktemp("replicas")
    data = folder / "data"
    data.mkdir()
    for number in range(CLIENTS):
        write_data(data / f"client_{number}.jsonl", f"heron number {number}")
    with ReplicatedFederation(folder / "state", Replay(folder)) as running:
        running.join_fleet(CLIENTS, data)
        yield running


@pytest.mark.parametrize(
    ("kills", "rounds", "seed"),
    [
        pytest.param(5, 6, 1, marks=pytest.mark.timeout(600)),
        pytest.param(50, 20, 2, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_leaders_killed_at_random(replicated, spec, kills, rounds, seed):
    from tests.support.faults.leader_kills import LeaderKills

    planned = LeaderKills(replicated, count=kills, rounds=rounds, seed=seed)
    run = replicated.begin(
        spec(cohort={"size": CLIENTS, "deadline": "30m"}, stop={"rounds": rounds}, local=SHORT)
    )
    takeovers = planned.strike(run)
    assert len(takeovers) == kills
    assert all(each.leader != each.victim for each in takeovers)
    ended = replicated.finish(run)
    assert [(each.counted, each.attempt) for each in ended.rounds] == [(CLIENTS, 1)] * rounds
    for name in replicated.replicas:  # any of them holds sessions
        assert read_events(replicated.layout.log(name), "session_opened")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nobody_else_is_elected_on_a_busy_machine(replicated):
    from tests.support.faults.busy_machine import BusyMachine

    def changes():
        return [
            (name, event["event"], event["time"])
            for name in replicated.replicas
            for kind in ("leader_elected", "leader_stepped_down")
            for event in read_events(replicated.layout.log(name), kind)
        ]

    leader, before = replicated.leader(), changes()
    with BusyMachine(BUSY_SHARE + 0.05) as machine:
        time.sleep(BUSY_SECONDS)  # that is the fault
        assert machine.load() >= BUSY_SHARE
    assert replicated.leader() == leader
    assert changes() == before

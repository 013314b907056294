"""Agents that are neither dead nor alive: stopped in their training, and resumed."""

import pytest
from tests.support.faults.federation import is_stopped
from tests.support.faults.logs import read_events, wait_for_event

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]

PAIR = {"size": 2, "deadline": "10m"}


def test_agents_frozen_and_resumed(federation, spec):
    federation.hold_training("ada", "bob")
    run = federation.begin(spec(stop={"rounds": 1}, cohort=PAIR))
    tasks = {name: federation.wait_until_training(run, name) for name in ("ada", "bob")}
    with federation.paused("ada"):
        assert is_stopped(federation.pid("ada"))
        federation.release_training("ada", "bob")
        assert federation.wait_until_completed(run, "bob") == tasks["bob"]
        assert federation.member(federation.api.run(run), "ada").state == "training"
        assert is_stopped(federation.pid("ada"))
    federation.finish(run)
    for name, task in tasks.items():
        assert len(read_events(federation.agents[name].log, "task_started", task=task)) == 1


@pytest.mark.slow
def test_agents_frozen_until_their_sessions_are_given_up(federation, spec):
    """The services notice that a connection is silent after 75 seconds."""
    federation.hold_training("ada")
    log = federation.layout.log("coordinator")
    run = federation.begin(spec(stop={"rounds": 1}, cohort=PAIR))
    task, agent = federation.wait_until_training(run, "ada"), federation.agents["ada"]
    closed = len(read_events(log, "session_closed", client=agent.client))
    with federation.paused("ada"):
        federation.release_training("ada")
        wait_for_event(log, "session_closed", closed + 1, client=agent.client)
    federation.finish(run)
    assert len(read_events(agent.log, "task_started", task=task)) == 1

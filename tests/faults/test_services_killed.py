"""Aggregator, coordinator and Redis are killed in the middle of runs with real agents."""

import pytest
from tests.support.faults.committed_files import committed_in
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.places import IN_ONE_SPOOL

from pfi_aggregator.failpoints import Failpoint
from pfi_cli.local.waiting import wait_until
from pfi_common.errors import StoreUnavailableError

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]

NOT_QUICK = (Failpoint.UPDATE_LINKED, Failpoint.ADAPTER_STORED, Failpoint.OUTCOME_STORED)
"""Their neighbours are in every test run, and test_aggregator_killed.py has all."""
PLACES = [
    pytest.param(place, marks=[pytest.mark.slow] if place in NOT_QUICK else [])
    for place in IN_ONE_SPOOL
]


@pytest.mark.parametrize("place", PLACES)
def test_aggregator_killed_at(federation, spec, place):
    federation.arm(place)
    run = federation.begin(spec())
    federation.wait_until_killed("aggregator")
    federation.start("aggregator")
    federation.finish(run)


def test_aggregator_killed_after_an_acknowledgement(federation, spec):
    log = federation.agents["ada"].log
    with federation.paused("bob"):  # so that the round cannot end
        run = federation.begin(spec(stop={"rounds": 1}))
        task = federation.wait_until_completed(run, "ada")
        assert federation.api.run(run).rounds[0].state == "collecting"
        assert len(read_events(log, "task_completed", task=task)) == 1
        federation.kill("aggregator")
        assert set(committed_in(federation.layout.spool, run, 1)) == {task}
        federation.start("aggregator")
    federation.finish(run)
    assert len(read_events(log, "task_started", task=task)) == 1


def test_coordinator_killed_with_tasks_out(federation, spec):
    federation.hold_training("ada", "bob")
    run = federation.begin(spec(stop={"rounds": 1}))
    tasks = [federation.wait_until_training(run, name) for name in ("ada", "bob")]
    logs = [federation.agents[name].log for name in ("ada", "bob")]
    opened = [len(read_events(log, "agent_ready")) for log in logs]
    ended = [len(read_events(log, "session_ended")) for log in logs]
    federation.kill("coordinator")
    for log, before in zip(logs, ended, strict=True):
        wait_for_event(log, "session_ended", before + 1)
    federation.release_training("ada", "bob")
    federation.start("coordinator")
    federation.finish(run)
    for log, task, before in zip(logs, tasks, opened, strict=True):
        assert len(read_events(log, "agent_ready")) > before
        # The agents went on meanwhile: nobody trained twice.
        assert len(read_events(log, "task_started", task=task)) == 1


def test_redis_killed_with_tasks_out(federation, spec):
    federation.hold_training("ada", "bob")
    run = federation.begin(spec(stop={"rounds": 1}))
    tasks = [federation.wait_until_training(run, name) for name in ("ada", "bob")]
    log = federation.layout.log("aggregator")
    before = len(read_events(log, "revocation_list_unreadable"))
    federation.kill("redis")
    with pytest.raises(StoreUnavailableError):  # typed and retryable, not a traceback
        federation.api.clients()
    assert wait_until(lambda: read_events(log, "revocation_list_unreadable")[before:], 60)
    federation.release_training("ada", "bob")
    federation.start("redis")
    federation.finish(run)
    for name, task in zip(("ada", "bob"), tasks, strict=True):
        assert len(read_events(federation.agents[name].log, "task_started", task=task)) == 1


def test_everything_killed_at_once(federation, spec):
    federation.hold_training("bob")
    run = federation.begin(spec(stop={"rounds": 1}))
    federation.wait_until_training(run, "bob")
    for name in ("coordinator", "aggregator", "redis", "ada", "bob"):
        federation.kill(name)
    federation.repair()
    federation.finish(run)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["coordinator", "redis", "aggregator", "ada"])
@pytest.mark.parametrize("state", ["opening", "collecting", "finalizing", "published"])
def test_killed_in_every_state_of_a_round(federation, spec, victim, state):
    """The kill comes right after the state was logged; the round may be a little further then."""
    log = federation.layout.log("coordinator")
    run = federation.begin(spec(stop={"rounds": 3}))
    wait_for_event(log, "round_changed", run=run, round=2, state=state)
    federation.kill(victim)
    federation.start(victim)
    federation.finish(run)

"""Runs that are paused, resumed, extended and restarted, with a leader and working clients."""

import asyncio

import pytest
from tests.support.coordinator.values import description_document, spec_document
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import Working, ended, finish, nothing_active, submitted

from pfi_common.errors import (
    AdapterUnknownError,
    BackboneMismatchError,
    RunEndedError,
    RunExistsError,
    RunStateInvalidError,
    RunUnknownError,
    SchemaMismatchError,
    SpecInvalidError,
    SpecUnsoundError,
)
from pfi_coordinator.application.restart_run import Restart
from pfi_coordinator.domain.pausing import rests
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.tasks import TaskName


def collecting(state):
    return state.round is not None and state.round.phase is RoundPhase.COLLECTING


async def has_task(graph, client):
    return (await graph.ports.board.inbox(client)).tasks != {}


def completed(state):
    return state.phase is RunPhase.COMPLETED


async def train(graph, clients):
    """Clients that leave evaluations undone, for ever."""
    while True:
        for client in clients:
            for task in (await graph.ports.board.inbox(client)).tasks:
                name = TaskName.parse(task)
                if name.attempt is not None:
                    await finish(graph, name)
        await asyncio.sleep(0)


class OnlyTraining(Working):
    work = staticmethod(train)


@pytest.fixture
def use(graph):
    return graph.rest()


async def trained(graph, **changes):
    """A run of two rounds that has completed."""
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, **changes)
    async with graph.led(), Working(graph, clients):
        await graph.until(run, lambda state: completed(state) and state.at_rest)
        await eventually(lambda: nothing_active(graph))
    return run, clients


async def test_a_paused_run_finishes_its_round_and_waits(graph, use):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph)
    async with graph.led():
        await graph.until(run, collecting)
        assert await use.pause_run("assistants", at_once=False) == run
        assert (await use.show_run(run))["state"] == "pausing"
        async with Working(graph, clients):
            state = await graph.until(run, rests)
            assert state.base.version == 1
            shown = await use.show_run(run)
            assert (shown["state"], shown["why"]["reason"]) == ("paused", "paused")
            await use.resume_run(run)
            assert completed(await graph.until(run, ended))


async def test_a_pause_at_once_tells_the_clients(graph, use):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph)
    async with graph.led():
        await eventually(lambda: has_task(graph, clients[0]))
        await use.pause_run(run, at_once=True)
        state = await graph.until(run, rests)
        inbox = await graph.ports.board.inbox(clients[0])
        assert (inbox.tasks, len(inbox.notices)) == ({}, 1)
        assert (state.round.attempt, state.round.forgiven) == (2, 1)
        await use.resume_run(run)
        async with Working(graph, clients):
            assert completed(await graph.until(run, ended))
    history = await graph.ports.runs.history(run)
    assert [item.attempt for item in history.rounds] == [1, 2, 1]


async def test_a_completed_run_is_extended_and_evaluated_again(graph, use):
    run, clients = await trained(graph)
    await use.extend_run(run, 3)
    assert await graph.ports.runs.active() == [run]
    async with graph.led(), Working(graph, clients):
        assert completed(await graph.until(run, ended))
    history = await graph.ports.runs.history(run)
    assert [item.version for item in history.adapters] == [0, 1, 2, 3]
    shown = await use.show_run(run)
    assert (shown["rounds_total"], len(shown["evaluation"])) == (3, 3)
    assert {entry["state"] for entry in shown["evaluation"]} == {"completed"}
    (first, second) = await graph.ports.board.rows(run, ["eval", "eval-2"])
    assert set(first) == set(second) == set(clients)


async def test_requests_that_come_late_say_what_the_run_is(graph, use):
    run, _ = await trained(graph)
    with pytest.raises(RunEndedError, match="completed"):
        await use.pause_run(run, at_once=True)
    with pytest.raises(RunEndedError, match="completed") as refused:
        await use.resume_run(run)
    assert refused.value.details == {"run": run, "state": "completed"}
    with pytest.raises(RunStateInvalidError, match="2 rounds already"):
        await use.extend_run(run, 1)
    assert await use.extend_run(run, 2) == run
    assert (await use.show_run(run))["state"] == "completed"


async def test_a_cancelled_run_is_restarted_rather_than_extended(graph, use):
    run = await submitted(graph)
    await use.cancel_run(run)
    with pytest.raises(RunEndedError, match=f"pfi run restart {run}"):
        await use.extend_run(run, 9)


async def test_a_run_that_is_evaluated_cannot_be_paused(graph, use):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, stop={"rounds": 1})
    async with graph.led(), OnlyTraining(graph, clients):
        await graph.until(run, lambda state: state.phase is RunPhase.EVALUATING)
    with pytest.raises(RunStateInvalidError, match="evaluating"):
        await use.pause_run(run, at_once=False)


async def test_a_new_run_begins_with_an_adapter_of_another(graph, use):
    run, clients = await trained(graph)
    first = (await graph.ports.runs.history(run)).adapters[1]
    new = await use.restart_run("assistants", Restart("again", version=1, rounds=1))
    async with graph.led(), Working(graph, clients):
        assert completed(await graph.until(new, ended))
    shown = await use.show_run("again")
    assert shown["adapters"][0]["digest"] == first.digest
    assert shown["origin"] == {
        "run": run,
        "line": "global",
        "version": 1,
        "digest": first.digest,
        "schema_digest": first.schema_digest,
        "lineage_digest": first.lineage_digest,
    }
    assert (shown["spec"]["name"], shown["rounds_total"]) == ("again", 1)


async def test_without_a_version_the_newest_is_meant(graph, use):
    run, _ = await trained(graph)
    new = await use.restart_run(run, Restart("again"))
    document = await graph.ports.runs.document(new)
    assert (document.origin.run, document.origin.version) == (run, 2)
    assert document.spec.seed == 7


async def test_another_specification_may_train_differently(graph, use):
    run, _ = await trained(graph)
    spec = spec_document(name="whatever", cohort={"size": 2}, local={"steps": 3})
    new = await use.restart_run(run, Restart("again", spec=spec, rounds=4))
    document = await graph.ports.runs.document(new)
    assert (document.name, document.spec.cohort.size, document.spec.stop.rounds) == ("again", 2, 4)


OTHER_BACKBONE = description_document() | {"backbone_digest": "c" * 64}
LABELS = {"task": "sequence-classification", "classification": {"labels": ["a", "b"]}}


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Restart("again", version=9), AdapterUnknownError),
        (Restart("again", line="cluster-1"), AdapterUnknownError),
        (Restart("assistants"), RunExistsError),
        (Restart("again", description=OTHER_BACKBONE), BackboneMismatchError),
        (Restart("again", spec=spec_document(**LABELS)), SchemaMismatchError),
        (Restart("again", spec=spec_document(cohort={"size": 1, "minimum": 2})), SpecUnsoundError),
        (Restart("again", spec={**spec_document(), "stop": None}, rounds=3), SpecInvalidError),
    ],
)
async def test_what_does_not_fit_is_refused(graph, use, wanted, error):
    run, _ = await trained(graph)
    with pytest.raises(error):
        await use.restart_run(run, wanted)
    with pytest.raises(RunUnknownError):
        await use.restart_run("nobody", wanted)

import asyncio

import pytest
from tests.support.coordinator.values import (
    RUN,
    description_document,
    document,
    rules,
    spec_document,
)
from tests.support.coordinator.working import Working, ended, submitted
from tests.unit.coordinator.domain.builders import adapter

from pfi_common.errors import (
    AdapterUnknownError,
    ExportFailedError,
    RunEndedError,
    RunExistsError,
    RunUnknownError,
    SchemaMismatchError,
    SpecInvalidError,
)
from pfi_coordinator.application.cancel_run import CancelRun
from pfi_coordinator.application.export_adapter import MAXIMUM_ORDERS
from pfi_coordinator.application.list_runs import ListRuns
from pfi_coordinator.application.outbox.versions import run_file
from pfi_coordinator.application.ports.signals import Resynchronise, RunChanged
from pfi_coordinator.application.submit_run import rules_of
from pfi_coordinator.domain import events
from pfi_coordinator.domain.effects import CreateInitialAdapter
from pfi_coordinator.domain.members import AgentFacts
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.state import new_run


async def test_a_submitted_run_waits_for_version_0(graph):
    run = await graph.submit(spec_document(), description_document())
    stored = await graph.ports.runs.load(run)
    assert stored.outbox == (CreateInitialAdapter(),)
    assert stored.state.rules == rules_of((await graph.ports.runs.document(run)).spec, 300.0)
    assert stored.state.rules == rules(selection=SelectionRules(replace=True))


@pytest.mark.parametrize(
    ("spec", "description", "error"),
    [
        ({"colour": "blue"}, {}, SpecInvalidError),
        ({}, {"parameter_count": 0}, SpecInvalidError),
        ({"adapter": {"rank": 8, "target_modules": ["q_proj"]}}, {}, SchemaMismatchError),
    ],
)
async def test_bad_submissions_store_nothing(graph, spec, description, error):
    with pytest.raises(error):
        await graph.submit(spec_document(**spec), description_document() | description)
    assert await graph.ports.runs.lines() == []


async def test_names_of_runs_are_unique(graph):
    await graph.submit(spec_document(), description_document())
    with pytest.raises(RunExistsError):
        await graph.submit(spec_document(), description_document())


async def test_a_run_is_shown_at_once_or_when_it_changes(graph):
    run = await graph.submit(spec_document(), description_document())
    shown = await graph.show("assistants")
    assert (shown["run"], shown["state"]) == (run, "pending")
    waiting = asyncio.create_task(graph.show(run, shown["revision"], 30))
    await asyncio.sleep(0)
    await graph.apply(run, events.InitialAdapterMade(adapter(0)))
    graph.watchers.notice(RunChanged(run))
    assert (await waiting)["state"] == "running"


async def test_a_member_of_a_cohort_is_shown_with_the_class_of_its_device(graph):
    clients = await graph.join(1, 2, 3)
    await graph.ports.registry.described(clients[0], AgentFacts("1.0.0", 7, ("fp32",), "phone"))
    async with graph.led():
        run = await submitted(graph)
        await graph.until(run, lambda state: state.round is not None and state.round.cohort)
        async with Working(graph, clients):
            await graph.until(run, ended)
    (cohort, *_) = (each["cohort"] for each in (await graph.show(run))["rounds"])
    assert [item["device_class"] for item in cohort] == ["phone", None, None]


async def test_watchers_look_again_after_a_gap_and_are_answered_when_draining(graph):
    run = await graph.submit(spec_document(), description_document())
    waiting = asyncio.create_task(graph.show(run, 1000, 30))
    for _ in range(3):
        await asyncio.sleep(0)
    graph.watchers.notice(Resynchronise())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    graph.watchers.close()
    assert (await waiting)["run"] == run


async def test_unknown_runs_are_unknown(graph):
    with pytest.raises(RunUnknownError):
        await graph.show("nothing")


async def test_only_a_run_that_goes_on_can_be_cancelled(graph):
    cancel = CancelRun(graph.ports.runs, graph.apply)
    run = await graph.submit(spec_document(), description_document())
    failed = events.EffectFailed("create_initial_adapter", 0, 0, "DISK_FULL", "full")
    await graph.apply(run, failed)
    with pytest.raises(RunEndedError):
        await cancel(run)
    assert (await graph.show(run))["error"]["reason"] == "DISK_FULL"


async def test_runs_that_only_the_artifacts_remember_are_found(graph):
    list_runs = ListRuns(graph.ports.runs, graph.artifacts, graph.guard)
    await graph.artifacts.put_named(f"runs/{RUN}/run.json", run_file(document()))
    assert await list_runs() == []
    graph.guard.intact = False
    (line,) = await list_runs()
    assert (line["run"], line["state"], line["rounds_total"]) == (RUN, "found", 2)


async def published(graph):
    await graph.ports.runs.create(document(), new_run(RUN, rules(), graph.clock.now()))
    await graph.apply(RUN, events.RunSubmitted())
    await graph.apply(RUN, events.InitialAdapterMade(adapter(0)))
    return adapter(0).digest


async def test_an_export_is_ordered_until_it_is_there(graph):
    digest = await published(graph)
    assert await graph.export(digest) is None
    assert await graph.export(digest) is None
    (order,) = graph.queue.orders
    assert (order.adapter_digest, order.backbone_model) == (digest, "tiny")
    graph.ports.ledger.lapse()
    assert await graph.export(digest) is None
    assert len(graph.queue.orders) == 2
    archive = await graph.artifacts.put("exports", b"zip")
    await graph.artifacts.put_named(f"exports/{digest}.json", f'{{"digest":"{archive}"}}'.encode())
    assert await graph.export(digest) == b"zip"


async def test_an_export_that_nobody_makes_fails_once_and_may_be_tried_again(graph):
    digest = await published(graph)
    for _ in range(MAXIMUM_ORDERS):
        assert await graph.export(digest) is None
        graph.ports.ledger.lapse()
    with pytest.raises(ExportFailedError):
        await graph.export(digest)
    assert await graph.export(digest) is None
    with pytest.raises(AdapterUnknownError):
        await graph.export("f" * 64)


async def test_adapters_are_listed_by_run(graph):
    digest = await published(graph)
    (listed,) = await graph.list_adapters(None)
    assert (listed["digest"], listed["version"], listed["line"]) == (digest, 0, "global")
    assert await graph.list_adapters("assistants") == [listed]

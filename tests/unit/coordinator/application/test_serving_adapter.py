import pytest
from tests.support.coordinator.values import (
    RUN,
    client_id,
    description_document,
    spec_document,
)
from tests.unit.coordinator.domain.builders import adapter

from pfi_common.errors import AdapterUnknownError, RunUnknownError
from pfi_coordinator.application.serving_adapter import FindServingAdapter
from pfi_coordinator.domain import events
from pfi_coordinator.domain.tasks import Assignment, TaskName

CLIENT = client_id(1)
CLIENTS = tuple(map(client_id, (1, 2, 3)))


@pytest.fixture
def find(graph) -> FindServingAdapter:
    return FindServingAdapter(graph.ports.runs, graph.ports.serving, graph.ports.memberships)


async def submitted(graph, name="assistants", *, published=True) -> str:
    run = await graph.submit(spec_document(name=name), description_document())
    await graph.apply(run, events.InitialAdapterMade(adapter(0)))
    if published:
        await graph.apply(run, events.ClientsEligible(CLIENTS))
        await graph.apply(run, events.RoundOpened(1, 1))
        await graph.apply(run, events.TasksFinished(1, 1, CLIENTS))
        await graph.apply(run, events.RoundSealed(1, 1, CLIENTS))
        await graph.apply(run, events.RoundPublished(1, 1, adapter(1), 0.1))
    return run


async def take_part(graph, run, scope="1.1"):
    await graph.ports.board.hand_out([Assignment(TaskName(run, scope, CLIENT), b"task")])


async def test_a_named_run_is_found_by_id_and_by_name(graph, find):
    run = await submitted(graph)
    for name in (run, "assistants"):
        found = await find(CLIENT, name)
        assert (found.document.run, found.adapter) == (run, adapter(1))


async def test_without_a_name_it_is_the_run_that_the_client_took_part_in_last(graph, find):
    first, second = await submitted(graph, "first"), await submitted(graph, "second")
    assert (await find(CLIENT, "")).document.run == second
    await take_part(graph, first)
    assert (await find(CLIENT, "")).document.run == first
    assert (await find(client_id(2), "")).document.run == second


async def test_a_run_that_has_not_published_is_passed_over(graph, find):
    first = await submitted(graph, "first")
    second = await submitted(graph, "second")
    young = await submitted(graph, "young", published=False)
    await take_part(graph, first)
    await take_part(graph, young)
    assert (await find(CLIENT, "")).document.run == first
    assert (await find(CLIENT, second)).document.run == second


async def test_nothing_to_serve_is_said_in_a_sentence(graph, find):
    with pytest.raises(AdapterUnknownError, match="no run has published"):
        await find(CLIENT, "")
    await submitted(graph, published=False)
    with pytest.raises(AdapterUnknownError, match="the run assistants has not published"):
        await find(CLIENT, "assistants")
    with pytest.raises(RunUnknownError):
        await find(CLIENT, RUN)


async def test_what_was_submitted_is_read_once_a_run(graph, find, monkeypatch):
    await submitted(graph)
    await find(CLIENT, "")
    monkeypatch.setattr(graph.ports.runs, "document", None)
    assert (await find(CLIENT, "")).adapter.version == 1


async def test_only_so_many_runs_are_remembered(graph, find):
    runs = [await submitted(graph, f"run-{index}") for index in range(18)]
    for run in [*runs, runs[0]]:
        assert (await find(CLIENT, run)).document.run == run

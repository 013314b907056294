"""ServingIndex, on memory and on Redis."""

from tests.support.coordinator.contract import ports
from tests.support.coordinator.serving import MemoryServingIndex
from tests.support.coordinator.values import NOW, RUN, client_id, document, rules
from tests.unit.coordinator.domain.builders import adapter

from pfi_coordinator.application.ports.serving_index import MAXIMUM_RECENT_RUNS
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain import events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import new_run
from pfi_coordinator.domain.tasks import Assignment, TaskName

__all__ = ["MemoryServingIndex", "ports"]

CLIENT = client_id(1)
TO_VERSION_1 = (
    events.RunSubmitted(),
    events.InitialAdapterMade(adapter(0)),
    events.ClientsEligible(tuple(map(client_id, (1, 2, 3)))),
    events.RoundOpened(1, 1),
    events.TasksFinished(1, 1, tuple(map(client_id, (1, 2, 3)))),
    events.RoundSealed(1, 1, tuple(map(client_id, (1, 2, 3)))),
    events.RoundPublished(1, 1, adapter(1), 0.125),
)


async def create(ports, run=RUN, name="assistants"):
    await ports.runs.create(document(run, name=name), new_run(run, rules(), NOW))


async def happen(ports, run, *history):
    for event in history:
        stored = await ports.runs.load(run)
        after, asked = decide(stored.state, event, NOW)
        assert await ports.runs.save(stored.revision, Step(stored.state, event, NOW, after, asked))


async def hand_out(ports, run, scope="1.1"):
    await ports.board.hand_out([Assignment(TaskName(run, scope, CLIENT), b"task")])


async def test_nothing_is_known_before_anything_happened(ports):
    assert await ports.serving.recent_runs(CLIENT) == ()
    assert await ports.serving.last_published() is None
    assert await ports.serving.newest(RUN, "global") is None


async def test_the_newest_version_of_a_line_is_kept(ports):
    await create(ports)
    await happen(ports, RUN, *TO_VERSION_1[:2])
    assert await ports.serving.newest(RUN, "global") == adapter(0)
    assert await ports.serving.last_published() is None
    await happen(ports, RUN, *TO_VERSION_1[2:])
    assert await ports.serving.newest(RUN, "global") == adapter(1)
    assert await ports.serving.newest(RUN, "cluster-1") is None
    assert await ports.serving.last_published() == RUN


async def test_the_run_that_published_last_replaces_the_one_before(ports):
    for run in (RUN, "r-ffffffffff"):
        await create(ports, run, name=run)
        await happen(ports, run, *TO_VERSION_1)
        assert await ports.serving.last_published() == run


async def test_runs_of_a_client_are_listed_once_the_latest_first(ports):
    runs = [f"r-{index:010x}" for index in range(3)]
    for run in runs:
        await create(ports, run, name=run)
        await hand_out(ports, run)
    await hand_out(ports, runs[0], "2.1")
    assert await ports.serving.recent_runs(CLIENT) == (runs[0], runs[2], runs[1])
    await hand_out(ports, runs[1])
    assert (await ports.serving.recent_runs(CLIENT))[0] == runs[0]
    assert await ports.serving.recent_runs(client_id(2)) == ()


async def test_only_so_many_runs_of_a_client_are_kept(ports):
    await create(ports)
    for index in range(MAXIMUM_RECENT_RUNS + 2):
        await hand_out(ports, f"r-{index:010x}")
    assert len(await ports.serving.recent_runs(CLIENT)) == MAXIMUM_RECENT_RUNS

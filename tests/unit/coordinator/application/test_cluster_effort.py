"""What a run with clusters costs while it waits: jobs in the queue, looks at all clients."""

import random
from dataclasses import replace

import pytest
from tests.support.coordinator.values import client_id, session
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import Working, answer, submitted

from pfi_common.errors import ServiceUnavailableError
from pfi_coordinator.application.leader.run_effect import RunEffect
from pfi_coordinator.application.outbox.clusters import GroupClients
from pfi_coordinator.domain.effects import ForgetSketches, PartitionClients, PlaceClients
from pfi_coordinator.domain.events import EffectDelayed
from pfi_coordinator.domain.partition import begin_partition
from pfi_coordinator.domain.state import RunPhase

ASKED = PartitionClients(1)
SPEC = {
    "cohort": {"size": 5, "minimum": 5, "deadline": "10m"},
    "stop": {"rounds": 20},
    "cluster": {"method": "update_similarity", "probe_round": 1},
}
WEEK_SECONDS = 7 * 86_400


class NoAnswer:
    """Artifacts to which no worker writes; every look takes the length of a try."""

    def __init__(self, clock):
        self.clock = clock

    async def get_named(self, _path):
        self.clock.advance(30)


class Queue:
    """A group of clients that no worker groups."""

    def __init__(self, graph):
        self.graph = graph
        artifacts = NoAnswer(graph.clock)
        self.group = GroupClients(
            graph.ports.sketches, graph.partitions, graph.ports.registry, artifacts, graph.clock
        )

    async def fill(self):
        run = await submitted(self.graph, **SPEC)
        clients = await self.graph.join(1, 2, 3)
        await self.graph.ports.sketches.put(run, dict.fromkeys(clients, (1.0, 2.0)))
        state = (await self.graph.ports.runs.load(run)).state
        self.state, _ = begin_partition(
            replace(state, phase=RunPhase.RUNNING), self.graph.clock.now()
        )
        self.document = await self.graph.ports.runs.document(run)

    async def tried(self):
        with pytest.raises(ServiceUnavailableError):
            await self.group.partition(self.document, self.state, ASKED, 1)
        return len(self.graph.partitions.orders)


@pytest.fixture
async def queue(graph):
    made = Queue(graph)
    await made.fill()
    return made


async def test_without_a_worker_few_copies_of_the_sketches_gather_in_the_queue(graph, queue):
    assert [await queue.tried() for _ in range(2)] == [1, 2]
    while graph.clock.monotonic() < WEEK_SECONDS:
        copies = await queue.tried()
    assert 15 <= copies <= 30


async def test_another_question_does_not_wait_for_the_turn_of_the_first(graph, queue):
    while graph.clock.monotonic() < WEEK_SECONDS / 7:
        copies = await queue.tried()
    await graph.revoke(client_id(3), "gone")
    assert await queue.tried() == copies + 1
    assert len(graph.partitions.orders[-1].clients) == 2


async def test_a_job_whose_sketches_were_deleted_is_no_longer_remembered(graph, queue):
    while graph.clock.monotonic() < WEEK_SECONDS / 7:
        copies = await queue.tried()
    await queue.group.forget(queue.document, queue.state, ForgetSketches(1), 1)
    sketches = dict.fromkeys([client_id(index) for index in (1, 2, 3)], (1.0, 2.0))
    await graph.ports.sketches.put(queue.document.run, sketches)
    assert await queue.tried() == copies + 1


async def test_a_line_without_its_clients_does_not_make_others_look_at_every_client(graph):
    clients = await graph.join(1, 2, 3, 4, 5)
    graph.aggregators.sketches = dict.fromkeys(clients, (1.0, 2.0))
    run = await submitted(graph, **SPEC)
    looks = []
    connected = graph.ports.presence.connected

    async def counted():
        looks.append(None)
        return await connected()

    async def ordered():
        return bool(graph.partitions.orders)

    graph.ports.presence.connected = counted
    async with graph.led(), Working(graph, clients):
        await eventually(ordered)
        for index in (4, 5):
            await graph.ports.presence.leave(session(index))
        looks.clear()
        await answer(graph, graph.partitions.orders[0], [clients[:3], clients[3:]])
        state = await graph.until(
            run, lambda state: state.lines and state.lines[0].phase is RunPhase.COMPLETED
        )
    assert state.lines[1].phase is RunPhase.RUNNING
    assert len(looks) <= 25, "one look for each of 19 rounds, and few more"


async def test_trouble_ends_with_an_effect_that_is_not_wanted_any_more(graph):
    run = await submitted(graph, **SPEC)
    state = await graph.apply(run, EffectDelayed("place_clients", "INTERNAL"))
    assert state.trouble is not None
    late = PlaceClients(1, (client_id(1),), graph.clock.now())
    run_effect = RunEffect(graph.ports.runs, graph.apply, None, graph.clock, random.Random(1))
    await run_effect(await graph.ports.runs.document(run), late, 1)
    assert (await graph.ports.runs.load(run)).state.trouble is None

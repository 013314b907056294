"""The store loses its last moments, at any point of a run; the aggregators lose nothing."""

import copy

import pytest
from tests.support.coordinator.graph import Graph
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import Working, ended, leads, submitted

from pfi_coordinator.domain.state import RunPhase

CLIENTS = (1, 2, 3)
KEPT = ("runs", "active", "rows", "inboxes", "notices", "recent_runs", "last_published")


class History:
    """What the store held after each decision."""

    def __init__(self, graph):
        self.memory = graph.ports.runs._memory
        self.moments = []
        observe = graph.apply._observe

        def note(step):
            observe(step)
            self.moments.append(copy.deepcopy([getattr(self.memory, name) for name in KEPT]))

        graph.apply._observe = note

    def set_back(self, moment):
        for name, value in zip(KEPT, copy.deepcopy(self.moments[moment]), strict=True):
            setattr(self.memory, name, value)


async def finished(graph, clients):
    run = await submitted(graph, cohort={"size": 3, "minimum": 3}, stop={"rounds": 2})
    async with graph.led(), Working(graph, clients):
        await graph.until(run, ended)
    return run


async def published(graph, run):
    history = await graph.ports.runs.history(run)
    return {item.version: item.digest for item in history.adapters}


@pytest.mark.parametrize("share", [0.1 * tenth for tenth in range(10)])
async def test_a_run_that_was_set_back_finds_what_was_published(tmp_path, share):
    graph = Graph(tmp_path)
    clients = await graph.join(*CLIENTS)
    history = History(graph)
    run = await finished(graph, clients)
    before, attempts = await published(graph, run), set(graph.aggregators.attempts)
    history.set_back(int(share * len(history.moments)))
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    assert await published(graph, run) == before
    assert set(graph.aggregators.attempts) == attempts
    assert state.participants == frozenset(clients)


async def test_a_leader_begins_a_new_term_when_the_store_was_restarted(tmp_path):
    graph = Graph(tmp_path)
    async with graph.led() as lead:
        await eventually(lambda: leads(lead))
        first = graph.ports.leadership._token
        graph.ports.leadership.store = "process-1"

        async def newer():
            return graph.ports.leadership._token > first and lead.leading

        await eventually(newer)

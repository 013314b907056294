"""Clients that work, for tests of the leader."""

import asyncio
import json

from tests.support.coordinator.messages import memory_receipt
from tests.support.coordinator.values import description_document, spec_document

from pfi_coordinator.application.clustering import partition_path
from pfi_coordinator.application.ports.aggregators import Attempt
from pfi_coordinator.application.record_result import Outcome
from pfi_coordinator.domain.lines import line_named
from pfi_coordinator.domain.spools import spool_in
from pfi_coordinator.domain.tasks import TaskName


async def submitted(graph, **changes):
    return await graph.submit(spec_document(**changes), description_document())


async def work(graph, clients, delay=lambda: 0.0):
    """Clients that do whatever lies in their inbox, for ever."""
    while True:
        for client in clients:
            for task in (await graph.ports.board.inbox(client)).tasks:
                name = TaskName.parse(task)
                await finish(graph, name)
        await asyncio.sleep(delay())


async def finish(graph, name):
    if name.placement is not None:
        outcome = Outcome(placed_line=graph.choices.get(name.client, "cluster-1"))
        await graph.results(name.client, name.text, outcome)
        return
    if name.attempt is None:
        await graph.results(name.client, name.text, Outcome(metrics={"held_out_rows": 3.0}))
        return
    number, attempt = name.attempt
    spool = await spool_of_task(graph, name)
    graph.aggregators.commit(Attempt(name.run, spool, number, attempt, name.line), name.client)
    metrics = {"train_loss": 1.0, "train_loss_rms": 2.0, "trained_rows": 10.0}
    outcome = Outcome(receipt=memory_receipt(name, spool), metrics=metrics)
    await graph.results(name.client, name.text, outcome)


async def spool_of_task(graph, name):
    state = line_named((await graph.ports.runs.load(name.run)).state, name.line)
    return spool_in(state, *name.attempt, name.client) or "spool-0"


class Working:
    """Does one thing for ever while the block runs."""

    work = staticmethod(work)

    def __init__(self, graph, clients):
        self.coroutine = self.work(graph, clients)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.coroutine)

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        assert self.task.cancelled()


async def nothing_active(graph):
    return await graph.ports.runs.active() == []


async def leads(lead):
    return lead.leading


def ended(state):
    return state.phase.ended


async def group(graph, clusters):
    """A worker that finds these clusters for every job, for ever."""
    done = 0
    while True:
        for order in graph.partitions.orders[done:]:
            done += 1
            await answer(graph, order, clusters)
        await asyncio.sleep(0)


async def answer(graph, order, clusters):
    found = {
        "run": order.run,
        "digest": order.digest,
        "clusters": clusters,
        "silhouette": 0.5,
        "count": len(clusters),
        "reason": "",
    }
    await graph.artifacts.put_named(partition_path(order), json.dumps(found).encode())


class Grouping(Working):
    work = staticmethod(group)

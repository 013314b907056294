"""SketchStore, Memberships, PartitionQueue, and runs with lines, in memory and on Redis."""

import base64
import json

import pytest
from tests.support.coordinator.clusters import (
    MemoryMemberships,
    MemoryPartitionQueue,
    MemorySketchStore,
)
from tests.support.coordinator.contract import ports
from tests.support.coordinator.values import NOW, RUN, document
from tests.unit.coordinator.domain.builders import (
    CLUSTERS,
    FORMED,
    clustered_run,
    through_round,
)

from pfi_coordinator.adapters.celery_partitions import QUEUE, TASK, CeleryPartitionQueue
from pfi_coordinator.adapters.celery_producer import CeleryProducer, broker_url_of
from pfi_coordinator.adapters.redis.connection import connect
from pfi_coordinator.application.clustering import partition_order, partition_path
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain import effects
from pfi_coordinator.domain.machine import decide

__all__ = ["MemoryMemberships", "MemorySketchStore", "ports"]

SKETCHES = {"c-2": (0.5, -1.25, 2.0), "c-1": (1.0, 0.0, -3.5)}


async def test_sketches_are_kept_until_they_are_deleted(ports):
    assert await ports.sketches.get(RUN) == {}
    await ports.sketches.put(RUN, SKETCHES)
    assert await ports.sketches.get(RUN) == SKETCHES
    assert list(await ports.sketches.get(RUN)) == ["c-1", "c-2"]
    assert await ports.sketches.get("r-ffffffffff") == {}
    await ports.sketches.delete(RUN)
    await ports.sketches.delete(RUN)
    assert await ports.sketches.get(RUN) == {}


async def test_later_sketches_replace_earlier_ones(ports):
    await ports.sketches.put(RUN, SKETCHES)
    await ports.sketches.put(RUN, {"c-3": (1.0,)})
    assert await ports.sketches.get(RUN) == {"c-3": (1.0,)}


async def play(ports, *events):
    """Writes decisions about a run with clusters; gives the last state."""
    await ports.runs.create(document(), clustered_run())
    for event in events:
        stored = await ports.runs.load(RUN)
        after, asked = decide(stored.state, event, NOW)
        assert await ports.runs.save(stored.revision, Step(stored.state, event, NOW, after, asked))
    return (await ports.runs.load(RUN)).state


async def test_membership_is_written_with_the_decision(ports):
    state = await play(ports, *FORMED)
    assert [line.members for line in state.lines] == [
        frozenset(CLUSTERS[1]),
        frozenset(CLUSTERS[0]),
    ]
    assert await ports.memberships.line_of(RUN, "c-1") == "cluster-1"
    assert await ports.memberships.line_of(RUN, "c-5") == "cluster-2"
    assert await ports.memberships.line_of(RUN, "c-9") is None
    assert await ports.memberships.line_of("r-ffffffffff", "c-1") is None


async def test_history_tells_lines_apart(ports):
    await play(ports, *FORMED, *through_round("cluster-2", ("c-4", "c-5")))
    history = await ports.runs.history(RUN)
    assert [(item.line, item.number) for item in history.rounds] == [
        ("global", 1),
        ("cluster-2", 2),
    ]
    assert [(item.line, item.version) for item in history.adapters] == [
        ("global", 0),
        ("global", 1),
        ("cluster-2", 2),
    ]


async def test_effects_of_lines_do_not_replace_each_other(ports):
    await play(
        ports,
        *FORMED,
        *(
            through_round(line, clients)[0]
            for line, clients in (("cluster-1", CLUSTERS[1]), ("cluster-2", CLUSTERS[0]))
        ),
    )
    outbox = (await ports.runs.load(RUN)).outbox
    assert outbox[-2:] == (
        effects.OpenRound(2, 1, line="cluster-1"),
        effects.OpenRound(2, 1, line="cluster-2"),
    )


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def queue(request):
    """A queue, and what reads the arguments of its jobs back."""
    if request.param == "memory":
        made = MemoryPartitionQueue()

        async def sent():
            return [(item.run, item.digest, list(item.clients)) for item in made.orders]

        yield made, sent
        return
    url = request.getfixturevalue("redis_url")
    redis = connect(url)

    async def queued():
        messages = [json.loads(item) for item in await redis.lrange(QUEUE, 0, -1)]
        assert all(item["headers"]["task"] == TASK for item in messages)
        bodies = [json.loads(base64.b64decode(item["body"]))[1] for item in reversed(messages)]
        return [(body["run"], body["digest"], body["clients"]) for body in bodies]

    yield CeleryPartitionQueue(CeleryProducer(broker_url_of(url))), queued
    await redis.aclose()


async def test_jobs_are_queued(queue):
    sender, sent = queue
    order = partition_order(RUN, SKETCHES, clustered_run().rules.cluster, seed=7)
    assert partition_path(order) == f"partitions/{RUN}/{order.digest}.json"
    await sender.send(order)
    await sender.send(order)
    assert await sent() == [(RUN, order.digest, ["c-1", "c-2"])] * 2

"""The worker as a process, on a real broker and a real spool: pieces of robust rules."""

import asyncio
import json
from dataclasses import replace

import numpy as np
import pytest
from celery import Celery
from tests.support.aggregator.builders import KEY, SEED, SPOOL, make_plan, make_schema
from tests.support.aggregator.processes import events_of, started

from pfi.aggregator.v1 import lineage_pb2
from pfi_aggregator.domain.aggregation_rule import AggregationRule, KrumRule, MedianRule
from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import ReductionFailedError, ReductionIncompleteError
from pfi_common.tensors import initial_adapter

pytestmark = pytest.mark.integration
SECONDS = 90
SCHEMA = make_schema(inputs=20_000, outputs=10_000, rank=4)
CLIENTS = [f"c-{number:012}" for number in range(5)]
FOLDER = f"reductions/{KEY.run}/{KEY.line}/{KEY.round}.{KEY.attempt}"
MEDIAN = AggregationRule(MedianRule())
KRUM = AggregationRule(KrumRule(attackers=1, selected=2))


@pytest.fixture
def settings(site):
    broker = site.settings.redis_url.replace("unix://", "redis+socket://")
    return site.settings.model_copy(update={"broker_url": broker})


@pytest.fixture
def store(settings):
    return open_artifact_store(settings.artifacts_url)


def send(settings, piece: int, **changes: object) -> None:
    """Sends a piece as the coordinator does."""
    arguments = {
        "run": KEY.run,
        "round": KEY.round,
        "attempt": KEY.attempt,
        "line": KEY.line,
        "piece": piece,
    }
    with Celery(broker=settings.broker_url, set_as_current=False) as app:
        app.conf.task_ignore_result = True
        app.send_task("pfi.reduce_piece", kwargs=arguments | changes, queue=f"pfi.spool.{SPOOL}")


async def stored(store, path: str) -> bytes:
    async with asyncio.timeout(SECONDS):
        while True:
            if (data := await store.get_named(path)) is not None:
                return data
            await asyncio.sleep(0.05)


async def sealed(running, leader, rule: AggregationRule) -> int:
    """A sealed round whose last update is far from the others; gives its number of pieces."""
    plan = replace(make_plan(schema=SCHEMA), rule=rule)
    await leader.start(plan)
    for number, client in enumerate(CLIENTS):
        link = await running.client(client)
        far = np.full(SCHEMA.coordinate_count, 5.0, dtype=np.float32)
        vector = far if client == CLIENTS[-1] else None
        upload, ticket = running.make(plan, link, seed=number, vector=vector)
        await link.upload(upload, ticket)
    return (await leader.seal()).reduction_pieces


async def test_a_round_is_finalized_when_its_pieces_are_there(
    running, leader, settings, store, tmp_path
):
    assert await sealed(running, leader, KRUM) == 1
    with pytest.raises(ReductionIncompleteError):
        await leader.finalize()
    with started("worker", settings, tmp_path):
        send(settings, 0)
        await stored(store, f"{FOLDER}/0")
    response = await leader.finalize()
    lineage = lineage_pb2.Lineage.FromString(response.lineage.payload)
    assert lineage.report.rule == "multi_krum"
    far = lineage.counted[-1]
    assert far.client == CLIENTS[-1]
    assert far.task in lineage.report.left_out
    payload = await (await running.client(CLIENTS[0])).download(lineage.adapter.digest)
    moved = np.frombuffer(payload, "<f4") - initial_adapter(SCHEMA, SEED)
    assert np.abs(moved).max() < 0.1
    await leader.settle()
    assert await store.get_named(f"{FOLDER}/0") is None
    reduced = [e for e in events_of(tmp_path / "worker.log") if e["event"] == "piece_reduced"]
    assert [event["piece"] for event in reduced] == [0]


async def test_what_cannot_be_computed_is_answered_with_the_reason(
    running, leader, settings, store, tmp_path
):
    await sealed(running, leader, MEDIAN)
    (damaged,) = settings.spool.glob(f"{KEY.run}/1/1/global/*{CLIENTS[2]}")
    with damaged.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)[0]
        file.seek(1000)
        file.write(bytes([byte ^ 1]))
    with started("worker", settings, tmp_path):
        send(settings, 0, line="other")
        send(settings, 0)
        answer = json.loads(await stored(store, f"{FOLDER}/0.error"))
    assert answer["reason"] == "ARTIFACT_CORRUPT"
    with pytest.raises(ReductionFailedError, match="damaged"):
        await leader.finalize()
    events = events_of(tmp_path / "worker.log")
    failed = [event["reason"] for event in events if event["event"] == "reduction_failed"]
    assert failed == ["ROUND_UNKNOWN", "ARTIFACT_CORRUPT"]

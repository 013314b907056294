"""The worker as a process, on a real broker: partitions."""

import asyncio
import json
import signal
from collections.abc import Callable

import psutil
import pytest
import redis
from celery import Celery
from tests.support.aggregator.builders import SPOOL
from tests.support.aggregator.partitions import group_sketches, partition_arguments, path_of
from tests.support.aggregator.processes import events_of, started

from pfi_aggregator.settings import AggregatorSettings
from pfi_common.artifacts import ArtifactStore, open_artifact_store

pytestmark = pytest.mark.integration
SECONDS = 90
ARGUMENTS = partition_arguments(group_sketches([4, 3, 2]))
SIZES = [4, 3, 2]


@pytest.fixture
def settings(tmp_path, redis_url):
    return AggregatorSettings(
        state=tmp_path / "state",
        spool=tmp_path / "spool",
        spool_name=SPOOL,
        artifacts_url=f"file://{tmp_path}/artifacts",
        redis_url=redis_url,
        broker_url=redis_url.replace("unix://", "redis+socket://"),
    )


@pytest.fixture
def store(settings) -> ArtifactStore:
    return open_artifact_store(settings.artifacts_url)


def send(settings: AggregatorSettings, arguments: dict[str, object]) -> None:
    """Sends a task as the coordinator does."""
    with Celery(broker=settings.broker_url, set_as_current=False) as app:
        app.conf.task_ignore_result = True
        app.send_task("pfi.partition_clients", kwargs=arguments, queue="pfi.cluster")


async def answer_to(store: ArtifactStore, arguments: dict[str, object]) -> dict[str, object]:
    async with asyncio.timeout(SECONDS):
        while True:
            if (data := await store.get_named(path_of(arguments))) is not None:
                return json.loads(data)
            await asyncio.sleep(0.05)


async def wait_until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)


async def taken(redis_url: str) -> None:
    """Waits for the worker to have taken a task that it has not done."""
    with redis.Redis.from_url(redis_url) as broker:
        await wait_until(lambda: broker.hlen("unacked") == 1 and not broker.llen("pfi.cluster"))


async def test_a_question_becomes_an_answer(settings, store, tmp_path):
    send(settings, ARGUMENTS)
    with started("worker", settings, tmp_path):
        answer = await answer_to(store, ARGUMENTS)
    assert [len(cluster) for cluster in answer["clusters"]] == SIZES
    stored = [e for e in events_of(tmp_path / "worker.log") if e["event"] == "partition_stored"]
    assert [(event["run"], event["count"]) for event in stored] == [(ARGUMENTS["run"], 3)]


async def test_a_wrong_question_is_answered_with_the_reason(settings, store, tmp_path):
    wrong = partition_arguments(group_sketches([4, 3]), {"minimum_size": 0})
    with started("worker", settings, tmp_path):
        send(settings, {"run": "r-1"})
        send(settings, wrong)
        assert (await answer_to(store, wrong))["error"] == "minimum_size must be at least 1."
        send(settings, ARGUMENTS)
        assert "clusters" in await answer_to(store, ARGUMENTS)
    events = events_of(tmp_path / "worker.log")
    reasons = [event["reason"] for event in events if event["event"] == "partition_failed"]
    assert reasons == ["INVALID_REQUEST", "PARTITION_FAILED"]


async def test_a_child_that_is_killed_loses_no_question(settings, store, tmp_path, redis_url):
    with started("worker", settings, tmp_path) as (process, _):
        (child,) = psutil.Process(process.pid).children()
        child.suspend()
        send(settings, ARGUMENTS)
        await taken(redis_url)
        child.kill()
        answer = await answer_to(store, ARGUMENTS)
    assert [len(cluster) for cluster in answer["clusters"]] == SIZES


async def test_a_question_to_a_killed_worker_is_asked_again(settings, store, tmp_path, redis_url):
    with started("worker", settings, tmp_path) as (process, _):
        (child,) = psutil.Process(process.pid).children()
        child.suspend()
        send(settings, ARGUMENTS)
        await taken(redis_url)
        process.send_signal(signal.SIGKILL)
        child.kill()
        process.wait(SECONDS)
    assert await store.get_named(path_of(ARGUMENTS)) is None
    with started("worker", settings, tmp_path):
        send(settings, ARGUMENTS)
        answer = await answer_to(store, ARGUMENTS)
        send(settings, ARGUMENTS)
        with redis.Redis.from_url(redis_url) as broker:
            await wait_until(lambda: not broker.llen("pfi.cluster") and broker.hlen("unacked") == 1)
        assert await answer_to(store, ARGUMENTS) == answer

"""The worker as a process, on a real broker: exports."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from celery import Celery
from tests.support.aggregator.builders import SEED, SPOOL, make_schema
from tests.support.aggregator.processes import environment_of, events_of, started

from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.artifacts import open_artifact_store
from pfi_common.tensors import initial_adapter

pytestmark = pytest.mark.integration
SCHEMA = make_schema()
SECONDS = 90


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
async def stored(settings):
    """The store, with one adapter; gives its digest."""
    store = open_artifact_store(settings.artifacts_url)
    await store.put("schemas", SCHEMA.canonical_json())
    return store, await store.put("adapters", initial_adapter(SCHEMA, SEED).tobytes())


def send(settings, **arguments: object) -> None:
    """Sends a task as the coordinator does."""
    with Celery(broker=settings.broker_url, set_as_current=False) as app:
        app.conf.task_ignore_result = True
        app.send_task("pfi.export_adapter", kwargs=arguments, queue="pfi.export")


def export_of(digest: str) -> dict[str, object]:
    return {
        "adapter_digest": digest,
        "schema_digest": SCHEMA.digest,
        "backbone_model": "models/tiny",
        "backbone_revision": None,
    }


async def pointer(store, digest: str) -> dict[str, str]:
    async with asyncio.timeout(SECONDS):
        while True:
            if (data := await store.get_named(f"exports/{digest}.json")) is not None:
                return json.loads(data)
            await asyncio.sleep(0.05)


async def wait_for_event(tmp_path, name: str) -> dict:
    async with asyncio.timeout(SECONDS):
        while True:
            for event in events_of(tmp_path / "worker.log"):
                if event["event"] == name:
                    return event
            await asyncio.sleep(0.05)


async def test_a_task_becomes_an_artifact_and_a_pointer(settings, stored, tmp_path):
    store, digest = stored
    send(settings, **export_of(digest))
    with started("worker", settings, tmp_path) as (process, endpoints):
        found = await pointer(store, digest)
        archive = await store.get("exports", found["digest"])
        assert archive.startswith(b"PK")
        url = f"http://{endpoints['operations']}/readyz"
        answer = await asyncio.to_thread(urllib.request.urlopen, url, timeout=60)
        assert answer.status == 200
        answer.close()
    assert process.returncode == 0


async def test_failures_are_logged_and_the_worker_goes_on(settings, stored, tmp_path):
    store, digest = stored
    with started("worker", settings, tmp_path):
        send(settings, **export_of("ab" * 32))
        failed = await wait_for_event(tmp_path, "export_failed")
        assert failed["reason"] == "ARTIFACT_UNKNOWN"
        send(settings, unexpected=1)
        send(settings, **export_of(digest))
        assert await pointer(store, digest)
    reasons = [event.get("reason") for event in events_of(tmp_path / "worker.log")]
    assert "INVALID_REQUEST" in reasons


async def wait_until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)


def replace_by_fifo(file: Path) -> Path:
    """Makes readers of a file wait for ever; gives where its content is."""
    content = file.rename(file.with_name(f"{file.name}.content"))
    os.mkfifo(file)
    return content


async def test_a_child_that_is_killed_in_an_export_loses_no_task(settings, stored, tmp_path):
    store, digest = stored
    schema = tmp_path / "artifacts" / "schemas" / SCHEMA.digest[:2] / SCHEMA.digest
    content = replace_by_fifo(schema)
    with started("worker", settings, tmp_path) as (process, _):
        (child,) = psutil.Process(process.pid).children()
        idle_threads = child.num_threads()
        send(settings, **export_of(digest))
        # The store's threads come with the export's first read, which is the one that waits.
        await wait_until(lambda: child.num_threads() > idle_threads)
        content.replace(schema)
        child.kill()
        found = await pointer(store, digest)
        assert [other.pid for other in psutil.Process(process.pid).children()] != [child.pid]
    assert "signal 9 (SIGKILL)" in (tmp_path / "worker.log").read_text()
    vector = initial_adapter(SCHEMA, SEED)
    archive = PeftArchive().build(SCHEMA, vector, AdapterOrigin(digest, "models/tiny", None))
    assert found["digest"] == hashlib.sha256(archive).hexdigest()


def test_a_child_that_cannot_build_its_job_ends():
    code = """if True:
        from celery import signals
        from pfi_aggregator.entrypoints.worker import create_worker
        create_worker("memory://", lambda: {}["no store"], print)
        signals.worker_process_init.send(sender=None)
    """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 1


def test_a_child_that_follows_a_killed_one_has_time_to_start():
    code = """if True:
        from pfi_aggregator.entrypoints.worker import create_worker
        print(create_worker("memory://", dict, print).conf.worker_proc_alive_timeout)
    """
    seconds = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert float(seconds) >= 60, "celery kills children that take longer, again and again"


def test_the_worker_imports_no_grpc():
    modules = "pfi_aggregator.bootstrap.worker, pfi_aggregator.bootstrap.partition_job"
    code = f"import sys, {modules}; assert 'grpc' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_worker_without_a_broker_says_so(settings, tmp_path):
    environment = environment_of(settings.model_copy(update={"broker_url": None}))
    result = subprocess.run(
        [sys.executable, "-m", "pfi_aggregator.main", "worker"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "PFI_AGGREGATOR_BROKER_URL" in result.stderr

"""The process around the services: start, settings, SIGTERM, and a Redis that is gone."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import AsyncExitStack

import pytest
from tests.support.aggregator.builders import make_plan
from tests.support.aggregator.processes import environment_of, events_of, started
from tests.support.aggregator.server import RunningSite, Site
from tests.support.clock import ManualClock
from tests.support.redis import mark_federation

from pfi_aggregator.bootstrap.server import Endpoints
from pfi_common.clock import SystemClock
from pfi_common.errors import RevocationListStaleError

pytestmark = pytest.mark.integration
PLAN = make_plan()


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - made here
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_process_serves_until_sigterm(site, tmp_path):
    with started("serve", site.settings, tmp_path) as (process, endpoints):
        assert get(f"http://{endpoints['operations']}/healthz") == 200
        assert get(f"http://{endpoints['operations']}/elsewhere") == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    events = [event["event"] for event in events_of(tmp_path / "serve.log")]
    assert events[0] == "spool_recovered"
    assert {"aggregator_listening", "service_draining", "service_stopped"} <= set(events)


async def test_a_process_does_a_round(site, tmp_path):
    mark_federation(site.settings.redis_url)
    with started("serve", site.settings, tmp_path) as (_, endpoints):
        async with asyncio.timeout(60), AsyncExitStack() as stack:
            running = RunningSite(site, Endpoints(**endpoints), asyncio.Event(), stack)
            await running.wait_until_ready()
            leader, link = await running.leader(), await running.client()
            await leader.start(PLAN)
            await link.upload(*running.make(PLAN, link))
            await leader.seal()
            assert (await leader.finalize()).lineage.payload


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PFI_AGGREGATOR_SPOOL_NAME", "../x"),
        ("PFI_AGGREGATOR_ADDRESS", "nowhere"),
        ("PFI_AGGREGATOR_FAILPOINT", "sometimes"),
        ("PFI_AGGREGATOR_SPOLL", "x"),
    ],
)
def test_wrong_settings_are_named(site, variable, value):
    environment = {**environment_of(site.settings), variable: value}
    result = subprocess.run(
        [sys.executable, "-m", "pfi_aggregator.main", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert variable in result.stderr


def test_an_identity_of_another_spool_is_refused(site):
    environment = environment_of(site.settings.model_copy(update={"spool_name": "spool-9"}))
    result = subprocess.run(
        [sys.executable, "-m", "pfi_aggregator.main", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "spool-9" in result.stderr


async def test_without_redis_clients_are_refused_after_ten_minutes(tmp_path, own_redis):
    clock = ManualClock(SystemClock().now())
    site = Site.make(tmp_path, own_redis.url, clock)
    async with site.running(clock) as running:
        leader, link = await running.leader(), await running.client()
        await leader.start(PLAN)
        upload, ticket = running.make(PLAN, link)
        own_redis.kill()
        await link.status(upload, ticket)
        clock.advance(590)
        await link.status(upload, ticket)
        clock.advance(20)
        with pytest.raises(RevocationListStaleError):
            await link.status(upload, ticket)
        await leader.seal()  # the coordinator is no client
        url = f"http://{running.endpoints.operations}/readyz"
        assert await asyncio.to_thread(get, url) == 503
        own_redis.start()
        await running.wait_until_ready()


def test_the_endpoints_file_is_complete(site, tmp_path):
    with started("serve", site.settings, tmp_path) as (_, endpoints):
        assert set(endpoints) == {"aggregator", "operations"}
        assert json.loads((tmp_path / "serve-endpoints.json").read_text()) == endpoints

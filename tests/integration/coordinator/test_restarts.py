"""Services that stop and come back in the middle of a run."""

import socket

import pytest
from tests.integration.coordinator.test_rounds import ended, silent
from tests.support.coordinator.site import SPOOL, Site, working
from tests.support.coordinator.waiting import eventually

from pfi_common.clock import SystemClock
from pfi_common.errors import StoreUnsuitableError
from pfi_common.identity import load_identity
from pfi_coordinator.adapters.aggregator_rpc import GrpcAggregators
from pfi_coordinator.application.ports.aggregators import Attempt
from pfi_coordinator.bootstrap.store import accept_empty_store

pytestmark = pytest.mark.integration

ONE_ROUND = {"rounds": 1}
PAIR = {"size": 2, "deadline": "1m"}


async def test_a_coordinator_that_restarts_with_tasks_out_goes_on(site):
    async with site.aggregator():
        async with site.coordinator() as coordinator:
            agents = await coordinator.agents(2)
            talks = [await silent(coordinator, agent) for agent in agents]
            run = (await coordinator.submit(cohort=PAIR, stop=ONE_ROUND))["run"]
            tasks = [await talk.receive("task") for talk in talks]
            # One update is committed while the coordinator is away.
        await agents[0].upload(tasks[0])
        async with site.coordinator(session_address=coordinator.endpoints.session) as coordinator:
            before = await coordinator.show(run)
            assert before["rounds"][0]["state"] == "collecting"
            async with working(agents):
                shown = await coordinator.until(run, ended)
    assert shown["state"] == "completed"
    assert [(item["attempt"], item["counted"]) for item in shown["rounds"]] == [(1, 2)]
    for talk in talks:
        await talk.close()


def free_address():
    """An address where nobody listens, and an aggregator may later."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


async def test_a_run_says_that_its_aggregator_is_away_and_goes_on_when_it_is_back(site):
    site.aggregator_address = free_address()
    async with site.coordinator() as coordinator:
        agents = await coordinator.agents(2)
        async with working(agents):
            run = (await coordinator.submit(cohort=PAIR, stop=ONE_ROUND))["run"]
            shown = await coordinator.until(
                run, lambda shown: "SERVICE_UNAVAILABLE" in shown["why"]["waiting_for"]
            )
            assert "create_initial_adapter" in shown["why"]["unblocks"]
            async with site.aggregator():
                shown = await coordinator.until(run, ended)
                assert shown["state"] == "completed"


async def test_an_aggregator_that_restarts_while_collecting_loses_nothing(site):
    async with site.coordinator_beside_restarting_aggregator() as (coordinator, restart):
        agents = await coordinator.agents(2)
        talks = [await silent(coordinator, agent) for agent in agents]
        run = (await coordinator.submit(cohort=PAIR, stop=ONE_ROUND))["run"]
        tasks = [await talk.receive("task") for talk in talks]
        await agents[0].upload(tasks[0])
        await restart()
        async with working(agents):
            shown = await coordinator.until(run, ended)
        for talk in talks:
            await talk.close()
    assert shown["state"] == "completed"
    assert [(item["attempt"], item["counted"]) for item in shown["rounds"]] == [(1, 2)]


async def test_redis_that_is_killed_and_restarted_loses_no_run(tmp_path, own_redis):
    site = Site.make(tmp_path, own_redis.url)
    async with site.both() as coordinator:
        agents = await coordinator.agents(2)
        talks = [await silent(coordinator, agent) for agent in agents]
        run = (await coordinator.submit(cohort=PAIR, stop=ONE_ROUND))["run"]
        for talk in talks:
            await talk.receive("task")
        own_redis.kill()
        refused = await coordinator.admin.get(f"/v1/runs/{run}")
        assert (refused.status_code, refused.json()["reason"]) == (503, "STORE_UNAVAILABLE")
        own_redis.start()
        async with working(agents):
            shown = await coordinator.until(run, ended)
        assert shown["state"] == "completed"
        for talk in talks:
            await talk.close()


async def test_a_newer_leader_is_met_by_a_newer_one(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(2)
        identity = load_identity(site.folder / "coordinator" / "identity")
        stranger = GrpcAggregators({SPOOL: site.aggregator_address}, identity, countersign=None)
        await stranger.abort_round(1000, Attempt("r-00000000ff", SPOOL, 1, 1))
        assert await stranger.highest_token(SPOOL) == 1000
        async with working(agents):
            run = (await coordinator.submit(cohort=PAIR, stop=ONE_ROUND))["run"]
            shown = await coordinator.until(run, ended)
        assert shown["state"] == "completed"
        assert await stranger.highest_token(SPOOL) == 1001
        await stranger.close()


async def test_a_wiped_redis_fails_closed(site, redis_url):
    import redis

    async with site.both() as coordinator:
        agents = await coordinator.agents(2)
        async with working(agents):
            run = (await coordinator.submit(cohort=PAIR, stop=ONE_ROUND))["run"]
            await coordinator.until(run, ended)
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
    async with site.coordinator() as coordinator:
        token = await coordinator.token()
        with pytest.raises(StoreUnsuitableError, match="Restore Redis"):
            await coordinator.enrol()
        (found,) = (await coordinator.admin.get("/v1/runs")).json()["runs"]
        assert (found["run"], found["state"]) == (run, "found")
        assert token
    await accept_empty_store(site.settings(), SystemClock())
    async with site.coordinator() as coordinator:
        assert (await coordinator.admin.get("/v1/runs")).json()["runs"] == []
        await coordinator.enrol()


async def test_a_redis_of_another_federation_is_refused(site, tmp_path, redis_url):
    async with site.coordinator(aggregators={SPOOL: "127.0.0.1:9"}):
        pass
    other = Site.make(tmp_path / "other", redis_url)
    with pytest.raises(StoreUnsuitableError, match="different federations"):
        async with other.coordinator(aggregators={SPOOL: "127.0.0.1:9"}):
            pass


async def test_readiness_says_that_redis_is_away(tmp_path, own_redis):
    site = Site.make(tmp_path, own_redis.url)
    async with site.coordinator(aggregators={"spool-0": "127.0.0.1:9"}) as coordinator:

        async def answered(status, text):
            answer = await coordinator.admin.get("/readyz")
            return (answer.status_code, answer.text) == (status, text)

        own_redis.stop()
        await eventually(lambda: answered(503, "not ready: Redis does not answer\n"))
        assert (await coordinator.admin.get("/healthz")).status_code == 200
        own_redis.start()
        await eventually(lambda: answered(200, "ready\n"))

"""Runs with clusters: real Redis, real aggregator, a real worker where there is one."""

import json
from contextlib import asynccontextmanager

import pytest
import redis
from tests.integration.coordinator.test_rounds import ended
from tests.support.aggregator.processes import started
from tests.support.coordinator.grouped_agent import Group, GroupedAgent
from tests.support.coordinator.site import SPOOL, working
from tests.support.coordinator.values import SCHEMA

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.artifacts import open_artifact_store
from pfi_common.clock import SystemClock
from pfi_common.identity import StatementVerifier

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SIZES = (4, 3)
SPEC = {
    "cohort": {"size": 7, "minimum": 4, "deadline": "1m"},
    "stop": {"rounds": 4},
    "cluster": {"method": "update_similarity", "count": 2, "probe_round": 1},
}
HELD_ROUND = 3
"""In this round agents wait, so that something can happen to a run whose lines are at work."""


@asynccontextmanager
async def worker(site):
    """A worker process."""
    settings = AggregatorSettings(
        state=site.folder / "worker",
        spool=site.folder / "spool",
        spool_name=SPOOL,
        artifacts_url=f"file://{site.folder}/artifacts",
        redis_url=site.redis_url,
        broker_url=site.redis_url.replace("unix://", "redis+socket://"),
    )
    with started("worker", settings, site.folder) as (process, _):
        yield process


async def grouped(coordinator, groups, sizes=SIZES):
    """Agents of each group."""
    return [
        GroupedAgent(await coordinator.enrol(f"{index}-{member}"), SCHEMA, group=group)
        for index, (group, size) in enumerate(zip(groups, sizes, strict=True))
        for member in range(size)
    ]


def two_groups(held_from_round=1000):
    return [Group(seed, held_from_round=held_from_round) for seed in (1, 2)]


def release(groups):
    for group in groups:
        group.may_go_on.set()


def formed(run):
    return len(run["lines"]) == 2


def held(run):
    """Whether every line has given its tasks of the round out in which agents wait."""
    rounds = [item for item in run["rounds"] if item["round"] == HELD_ROUND]
    return len(rounds) == 2 and all(item["state"] == "collecting" for item in rounds)


async def test_clients_with_similar_updates_share_a_line(site):
    groups = two_groups(HELD_ROUND)
    async with site.both() as coordinator, worker(site):
        agents = await grouped(coordinator, groups)
        async with working(agents):
            run = (await coordinator.submit(**SPEC))["run"]
            shown = await coordinator.until(run, held)
            assert [line["members"] for line in shown["lines"]] == [4, 3]
            newcomers = await grouped(coordinator, groups, (0, 1))
            async with working(newcomers):
                await coordinator.until(run, lambda run: run["lines"][1]["members"] == 4)
                release(groups)
                shown = await coordinator.until(run, ended)
    assert shown["state"] == "completed", shown
    assert shown["partition"]["state"] == "done"
    assert [(line["line"], line["state"], line["version"]) for line in shown["lines"]] == [
        ("cluster-1", "completed", 4),
        ("cluster-2", "completed", 4),
    ]
    by_line = {"cluster-1": {agent.client for agent in agents[:4]}}
    by_line["cluster-2"] = {agent.client for agent in [*agents[4:], *newcomers]}
    check_cohorts(shown, by_line, newcomers[0].client)
    assert [item.adapter.line for item in newcomers[0].placements[0].candidates] == [
        "cluster-1",
        "cluster-2",
    ]
    assert {(entry["line"], entry["client"]) for entry in shown["evaluation"]} == {
        (line, client) for line, clients in by_line.items() for client in clients
    }
    await check_artifacts(site, shown)


def check_cohorts(run, by_line, newcomer):
    """Everybody trained on the line of their group, the new client in the last round."""
    for item in run["rounds"]:
        cohort = {row["client"] for row in item["cohort"]}
        if item["line"] == "global":
            assert (item["round"], item["counted"]) == (1, 7)
        else:
            late = set() if item["round"] == 4 else {newcomer}
            assert cohort == by_line[item["line"]] - late
    assert sorted((item["line"], item["round"]) for item in run["rounds"]) == [
        *(("cluster-1", number) for number in (2, 3, 4)),
        *(("cluster-2", number) for number in (2, 3, 4)),
        ("global", 1),
    ]


async def check_artifacts(site, run):
    """Each line is a chain of signed versions that begins with the probe round's."""
    store = open_artifact_store(f"file://{site.folder}/artifacts")
    verifier = StatementVerifier(site.authority.certificate, "test", SystemClock())
    parents = {}
    for version in run["adapters"]:
        folder = "" if version["line"] == "global" else f"{version['line']}/"
        path = f"runs/{run['run']}/adapters/{folder}{version['version']}.json"
        assert json.loads(await store.get_named(path))["digest"] == version["digest"]
        statement = SignedStatement.FromString(
            await store.get("lineages", version["lineage_digest"])
        )
        made = verifier.verify(statement, Lineage, signer="aggregator/spool-0")
        assert made.adapter.line == version["line"]
        line = version["line"] if version["line"] in parents else "global"
        assert made.parent_digest == parents.get(line, "")
        parents[version["line"]] = version["digest"]
    stored = json.loads(await store.get_named(f"runs/{run['run']}/evaluation.json"))
    assert stored["evaluation"] == run["evaluation"]


async def test_clusters_are_found_whenever_a_worker_and_a_coordinator_are_back(site, redis_url):
    async with site.aggregator():
        async with site.coordinator() as coordinator:
            agents = await grouped(coordinator, two_groups())
            async with working(agents):
                run = (await coordinator.submit(**SPEC))["run"]
                shown = await coordinator.until(run, lambda run: run["partition"] is not None)
            assert shown["partition"]["state"] == "pending"
            assert "grouped" in shown["why"]["waiting_for"]
        with redis.Redis.from_url(redis_url) as connection:
            assert connection.hlen(f"pfi:run:{run}:sketches") == 7
            # What a worker had taken when it was killed is lost for an hour.
            connection.delete("pfi.cluster")
        async with (
            worker(site),
            site.coordinator(session_address=coordinator.endpoints.session) as coordinator,
            working(agents),
        ):
            shown = await coordinator.until(run, ended)
        with redis.Redis.from_url(redis_url) as connection:
            assert not connection.exists(f"pfi:run:{run}:sketches")
    assert shown["state"] == "completed"
    assert [line["members"] for line in shown["lines"]] == [4, 3]


async def test_a_coordinator_that_restarts_with_lines_at_work_goes_on(site):
    groups = two_groups(HELD_ROUND)
    async with site.aggregator(), worker(site):
        async with site.coordinator() as coordinator:
            agents = await grouped(coordinator, groups)
            async with working(agents):
                run = (await coordinator.submit(**SPEC))["run"]
                before = await coordinator.until(run, held)
        release(groups)
        async with (
            site.coordinator(session_address=coordinator.endpoints.session) as coordinator,
            working(agents),
        ):
            shown = await coordinator.until(run, ended)
    assert shown["state"] == "completed"
    assert [line["version"] for line in shown["lines"]] == [4, 4]
    assert {item["attempt"] for item in shown["rounds"]} == {1}
    assert before["adapters"] == [
        item for item in shown["adapters"] if item["version"] < HELD_ROUND
    ]


async def test_revoking_and_cancelling_reach_every_line(site):
    groups = two_groups(HELD_ROUND)
    async with site.both() as coordinator, worker(site):
        agents = await grouped(coordinator, groups)
        async with working(agents):
            run = (await coordinator.submit(**SPEC))["run"]
            await coordinator.until(run, held)
            gone = await coordinator.admin.post(
                f"/v1/clients/{agents[-1].client}/revoke", json={"reason": "lost"}
            )
            assert gone.status_code == 200, gone.text
            shown = await coordinator.until(run, lambda run: run["lines"][1]["members"] == 2)
            cancelled = await coordinator.admin.post(f"/v1/runs/{run}/cancel")
            assert cancelled.status_code == 200, cancelled.text
            shown = await coordinator.until(run, ended)
    assert [line["state"] for line in shown["lines"]] == ["cancelled", "cancelled"]
    last = [item for item in shown["rounds"] if item["round"] == HELD_ROUND]
    assert [item["state"] for item in last] == ["aborted", "aborted"]

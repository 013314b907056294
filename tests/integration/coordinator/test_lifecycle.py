"""Pause, resume, extend and restart, over REST, with a real Redis, aggregator and agents."""

import pytest
from tests.support.coordinator.agent import Talk, abandoned
from tests.support.coordinator.site import working
from tests.support.coordinator.values import description_document, spec_document

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.artifacts import open_artifact_store
from pfi_common.clock import SystemClock
from pfi_common.identity import StatementVerifier

pytestmark = pytest.mark.integration

PAIR = {"size": 2, "deadline": "10m"}


async def post(coordinator, run, verb, status=200, **body):
    response = await coordinator.admin.post(f"/v1/runs/{run}/{verb}", json=body or None)
    assert response.status_code == status, response.text
    return response.json()


def completed(run):
    return run["state"] == "completed"


def paused(run):
    return run["state"] == "paused"


async def test_an_open_round_ends_before_the_run_rests(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(2)
        talks = [Talk(coordinator.endpoints.session, agent.enrolled.identity) for agent in agents]
        run = (await coordinator.submit(cohort=PAIR))["run"]
        tasks = [await talk.receive("task") for talk in talks]
        shown = await post(coordinator, run, "pause")
        assert shown["state"] == "pausing"
        assert shown["paused_since"] is not None
        for agent, talk, task in zip(agents, talks, tasks, strict=True):
            talk.send(await agent.work(task))
        shown = await coordinator.until(run, paused)
        assert [item["version"] for item in shown["adapters"]] == [0, 1]
        assert shown["why"]["unblocks"] == f"`pfi run resume {run}`"
        assert [item["round"] for item in shown["rounds"]] == [1]
        resumed = await post(coordinator, run, "resume")
        assert resumed["paused_since"] is None
        seconds = [await talk.receive("task") for talk in talks]
        assert {task.round for task in seconds} == {2}
        for talk in talks:
            await talk.close()


async def test_a_round_that_is_broken_off_is_void_and_its_clients_are_told(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(2)
        talks = [Talk(coordinator.endpoints.session, agent.enrolled.identity) for agent in agents]
        run = (await coordinator.submit(cohort=PAIR, stop={"rounds": 1}))["run"]
        tasks = [await talk.receive("task") for talk in talks]
        talks[0].send(await agents[0].work(tasks[0]))
        await talks[0].receive("result_recorded")
        await post(coordinator, run, "pause", at_once=True)
        assert (await talks[1].receive("task_cancelled")).task == tasks[1].task
        shown = await coordinator.until(run, paused)
        assert [item["state"] for item in shown["rounds"]] == ["aborted"]
        for talk in talks:
            await talk.close()
        await post(coordinator, run, "resume")
        async with working(agents):
            shown = await coordinator.until(run, completed)
    assert [(item["attempt"], item["counted"]) for item in shown["rounds"]] == [(1, 0), (2, 2)]


async def test_a_pause_outlives_a_coordinator(site):
    async with site.aggregator():
        async with site.coordinator() as coordinator:
            run = (await coordinator.submit(cohort=PAIR))["run"]
            await post(coordinator, run, "pause")
        async with site.coordinator() as coordinator, working(await coordinator.agents(2)):
            shown = await coordinator.until(run, paused)
            assert shown["rounds"] == []
            await post(coordinator, run, "resume")
            await coordinator.until(run, completed)


async def test_a_completed_run_goes_on_and_a_new_one_begins_with_its_adapter(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(2)
        async with working(agents):
            run = (await coordinator.submit(cohort=PAIR, stop={"rounds": 1}))["run"]
            first = await coordinator.until(run, completed)
            extended = await post(coordinator, run, "extend", rounds=2)
            assert extended["state"] in {"running", "evaluating", "completed"}
            shown = await coordinator.until(
                run, lambda shown: completed(shown) and len(shown["adapters"]) == 3
            )
            assert shown["rounds_total"] == 2
            assert len(shown["evaluation"]) == 2
            assert shown["adapters"][1] == first["adapters"][1]
            again = await post(coordinator, run, "restart", 201, name="again", version=1, rounds=1)
            assert again["origin"]["digest"] == shown["adapters"][1]["digest"]
            restarted = await coordinator.until("again", completed)
    assert restarted["adapters"][0]["digest"] == shown["adapters"][1]["digest"]
    assert restarted["adapters"][1]["digest"] != shown["adapters"][1]["digest"]
    await check_lineage(site, restarted["adapters"][0], shown["adapters"][1], run)


async def check_lineage(site, version, origin, run):
    """The signed lineage of version 0 names the version that it is, and its lineage."""
    store = open_artifact_store(f"file://{site.folder}/artifacts")
    verifier = StatementVerifier(site.authority.certificate, "test", SystemClock())
    statement = SignedStatement.FromString(await store.get("lineages", version["lineage_digest"]))
    lineage = verifier.verify(statement, Lineage, signer="aggregator/spool-0")
    assert (lineage.origin.run, lineage.origin.version) == (run, 1)
    assert lineage.origin.digest == lineage.adapter.digest == origin["digest"]
    assert lineage.origin_lineage_digest == origin["lineage_digest"]
    assert lineage.seed == 0


async def test_what_comes_late_is_a_problem_that_names_the_state(coordinator):
    run = (await coordinator.submit())["run"]
    paused_twice = [await post(coordinator, run, "pause") for _ in range(2)]
    assert paused_twice[0]["paused_since"] == paused_twice[1]["paused_since"]
    await post(coordinator, run, "resume")
    await post(coordinator, run, "resume")
    assert (await post(coordinator, run, "extend", rounds=5))["rounds_total"] == 5
    problem = await post(coordinator, run, "extend", 409, rounds=2)
    assert problem["reason"] == "RUN_STATE_INVALID"
    await post(coordinator, run, "cancel")
    for verb, body in (("pause", {}), ("resume", {}), ("extend", {"rounds": 9})):
        problem = await post(coordinator, run, verb, 409, **body)
        assert problem["reason"] == "RUN_ENDED"
        assert problem["details"]["state"] == "cancelled"
    problem = await post(coordinator, run, "restart", 404, name="again", version=0)
    assert problem["reason"] == "ADAPTER_UNKNOWN"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"description": description_document() | {"backbone_digest": "c" * 64}}, "BACKBONE"),
        ({"spec": spec_document(adapter={"rank": 4, "target_modules": ["q_proj"]})}, "SCHEMA"),
    ],
)
async def test_an_adapter_starts_nothing_that_it_does_not_fit(site, changes, reason):
    async with site.both() as coordinator:
        run = (await coordinator.submit())["run"]
        await coordinator.until(run, lambda shown: shown["adapters"] != [])
        problem = await post(coordinator, run, "restart", 409, name="again", **changes)
    assert problem["reason"] == f"{reason}_MISMATCH"


async def test_a_round_that_fails_rests_and_says_so(site):
    async with site.both(retry_first_seconds=3000) as coordinator:
        (agent,) = await coordinator.agents(1)
        talk = Talk(coordinator.endpoints.session, agent.enrolled.identity)
        cohort = {"size": 1, "attempts": 2}
        run = (await coordinator.submit(cohort=cohort, stop={"rounds": 1}))["run"]
        talk.send(abandoned((await talk.receive("task")).task))
        shown = await coordinator.until(run, lambda shown: shown["why"]["reason"] == "back_off")
        await talk.close()
    assert shown["why"]["due"] is not None
    assert "attempt 2" in shown["why"]["waiting_for"]
    assert [item["state"] for item in shown["rounds"]] == ["aborted"]

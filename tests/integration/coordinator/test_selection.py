"""Selection by what clients did, on real services and a real Redis."""

import pytest
from tests.integration.coordinator.test_rounds import ended, silent
from tests.support.coordinator.agent import abandoned, completed
from tests.support.coordinator.site import working

from pfi_coordinator.adapters.redis.client_histories import RedisClientHistories
from pfi_coordinator.adapters.redis.connection import connect

pytestmark = pytest.mark.integration

BY_UTILITY = {"size": 2, "deadline": "auto", "select": "utility"}


async def facts_of(site, run, clients):
    """What the store remembers, by client."""
    redis = connect(site.redis_url)
    try:
        return {item.client: item for item in await RedisClientHistories(redis).find(run, clients)}
    finally:
        await redis.aclose()


async def reported(talk, agent, task, **metrics):
    """Does a task, and waits until its result is recorded."""
    talk.send(completed(task.task, await agent.upload(task), **metrics))
    while (await talk.receive("result_recorded")).task != task.task:
        continue


async def test_what_clients_did_outlives_the_leader(site):
    async with site.aggregator():
        async with site.coordinator() as coordinator:
            agents = await coordinator.agents(2)
            talks = [await silent(coordinator, agent) for agent in agents]
            run = (await coordinator.submit(cohort=BY_UTILITY, stop={"rounds": 2}))["run"]
            for rows, (agent, talk) in enumerate(zip(agents, talks, strict=True), start=3):
                task = await talk.receive("task")
                measured = {"TRAINED_ROWS": rows, "TRAIN_LOSS_RMS": 1.5, "STEPS_PER_SECOND": 4.0}
                await reported(talk, agent, task, **measured)
            second = [await talk.receive("task") for talk in talks]
            assert {task.round for task in second} == {2}
            known = await facts_of(site, run, [agent.client for agent in agents])
        for talk in talks:
            await talk.close()
        assert [known[agent.client].utility for agent in agents] == [4.5, 6.0]
        assert all(item.seconds is not None for item in known.values())
        assert {(item.selected, item.reported_round) for item in known.values()} == {(2, 1)}
        assert await facts_of(site, run, [agent.client for agent in agents]) == known
        again = site.coordinator(session_address=coordinator.endpoints.session)
        async with again as coordinator, working(agents):
            shown = await coordinator.until(run, ended)
        later = await facts_of(site, run, [agent.client for agent in agents])
    assert shown["state"] == "completed"
    # The derived deadline is half a minute: where nobody led for longer, there is another attempt.
    published = [item for item in shown["rounds"] if item["state"] == "published"]
    assert [item["counted"] for item in published] == [2, 2]
    assert {item.reported_round for item in later.values()} == {2}
    # These agents do not say it in the second round, so that the first counts.
    assert [later[agent.client].utility for agent in agents] == [4.5, 6.0]
    first, *_ = shown["rounds"]
    assert first["deadline_from"] == "the default until a round has been observed"


async def test_another_client_is_asked_when_one_gives_its_task_back(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(3)
        talks = {agent.client: await silent(coordinator, agent) for agent in agents}
        by_name = {agent.client: agent for agent in agents}
        submitted = await coordinator.submit(cohort={"size": 2}, stop={"rounds": 1})
        shown = await coordinator.until(
            submitted["run"],
            lambda run: bool(run["rounds"]) and len(run["rounds"][0]["cohort"]) == 2,
        )
        leaving, staying = (row["client"] for row in shown["rounds"][0]["cohort"])
        (spare,) = set(talks) - {leaving, staying}
        task = await talks[leaving].receive("task")
        talks[leaving].send(abandoned(task.task))
        for client in (staying, spare):
            task = await talks[client].receive("task")
            assert (task.round, task.attempt) == (1, 1)
            await reported(talks[client], by_name[client], task)
        for client in (staying, spare):
            evaluation = await talks[client].receive("task")
            talks[client].send(completed(evaluation.task, None, HELD_OUT_ROWS=4))
        shown = await coordinator.until(submitted["run"], ended)
        for talk in talks.values():
            await talk.close()
    (only,) = shown["rounds"]
    assert (only["attempt"], only["counted"]) == (1, 2)
    states = {row["client"]: row["state"] for row in only["cohort"]}
    assert states == {leaving: "abandoned", staying: "completed", spare: "completed"}

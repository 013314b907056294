"""What happens when clients are slow, leave, lie or are thrown out."""

import pytest
from tests.support.coordinator.agent import Talk, abandoned, completed
from tests.support.coordinator.site import working
from tests.support.coordinator.waiting import eventually

from pfi.coordinator.v1 import session_service_pb2
from pfi_common.errors import SignatureInvalidError

pytestmark = pytest.mark.integration

ONE_ROUND = {"rounds": 1}


def ended(run):
    return run["state"] in {"completed", "failed", "cancelled"}


def collecting(run):
    return (
        bool(run["rounds"])
        and run["rounds"][-1]["state"] == "collecting"
        and (len(run["rounds"][-1]["cohort"]) > 0)
    )


async def silent(coordinator, agent):
    """A session of an agent that does nothing."""
    talk = Talk(coordinator.endpoints.session, agent.enrolled.identity)
    await talk.receive("welcome")
    return talk


async def test_at_the_deadline_the_minimum_is_enough(site):
    async with site.both() as coordinator:
        *agents, sleeper = await coordinator.agents(3)
        talk = await silent(coordinator, sleeper)
        async with working(agents):
            cohort = {"size": 3, "minimum": 2, "deadline": "2s"}
            run = (await coordinator.submit(cohort=cohort, stop=ONE_ROUND))["run"]
            task = await talk.receive("task")
            shown = await coordinator.until(run, ended)
        assert shown["state"] == "completed"
        # A machine that stalls for the whole deadline takes another attempt.
        *missed, counted = shown["rounds"]
        assert {item["state"] for item in missed} <= {"aborted"}
        assert counted["counted"] == 2
        assert (await talk.receive("task_cancelled")).task == task.task
        assert (await talk.receive("round_settled")).run == run
        await talk.close()
    states = {row["client"]: row["state"] for row in counted["cohort"]}
    assert states[sleeper.client] == "cancelled"


async def test_three_missed_quorums_fail_the_run(site):
    async with site.both() as coordinator:
        (agent,) = await coordinator.agents(1)
        talk = await silent(coordinator, agent)
        cohort = {"size": 1, "deadline": "1s"}
        run = (await coordinator.submit(cohort=cohort, stop=ONE_ROUND))["run"]
        shown = await coordinator.until(run, ended)
        await talk.close()
    assert shown["state"] == "failed"
    assert shown["error"]["reason"] == "QUORUM_NOT_REACHED"
    assert [item["state"] for item in shown["rounds"]] == ["aborted"] * 3
    assert [item["attempt"] for item in shown["rounds"]] == [1, 2, 3]


async def test_a_round_is_reopened_when_clients_give_their_tasks_back(site):
    async with site.both() as coordinator:
        (agent,) = await coordinator.agents(1)
        run = (await coordinator.submit(cohort={"size": 1}, stop=ONE_ROUND))["run"]
        talk = await silent(coordinator, agent)
        first = await talk.receive("task")
        talk.send(abandoned(first.task))
        second = await talk.receive("task")
        assert (first.attempt, second.attempt) == (1, 2)
        assert first.seed == second.seed
        talk.send(await agent.work(second))
        evaluation = await talk.receive("task")
        talk.send(await agent.work(evaluation))
        shown = await coordinator.until(run, ended)
        await talk.close()
    assert [item["state"] for item in shown["rounds"]] == ["aborted", "published"]
    assert shown["rounds"][0]["cohort"][0]["state"] == "abandoned"


async def test_over_selected_clients_that_are_late_are_told(site):
    async with site.both() as coordinator:
        *agents, late = await coordinator.agents(3)
        talk = await silent(coordinator, late)
        async with working(agents):
            cohort = {"size": 2, "over_select": 1.5}
            # With three clients connected all are selected, and two are enough.
            await wait_for_connected(coordinator, 3)
            run = (await coordinator.submit(cohort=cohort, stop=ONE_ROUND))["run"]
            task = await talk.receive("task")
            assert (await talk.receive("task_cancelled")).task == task.task
            shown = await coordinator.until(run, ended)
        await talk.close()
    assert shown["rounds"][0]["counted"] == 2


async def wait_for_connected(coordinator, count):
    async def all_connected():
        listed = (await coordinator.admin.get("/v1/clients")).json()["clients"]
        return sum(entry["connected"] for entry in listed) == count

    await eventually(all_connected)


async def test_an_unfinished_task_is_sent_again_on_the_next_session(site):
    async with site.both() as coordinator:
        (agent,) = await coordinator.agents(1)
        run = (await coordinator.submit(cohort={"size": 1}, stop=ONE_ROUND))["run"]
        talk = await silent(coordinator, agent)
        first = await talk.receive("task")
        await talk.close()
        talk = await silent(coordinator, agent)
        again = await talk.receive("task")
        assert again == first
        result = await agent.work(again)
        talk.send(result)
        assert (await talk.receive("result_recorded")).task == first.task
        # The agent may not have seen that, and says it again.
        talk.send(result)
        assert (await talk.receive("result_recorded")).task == first.task
        await talk.close()
        shown = await coordinator.until(run, lambda shown: shown["state"] == "evaluating")
    assert shown["rounds"][0]["counted"] == 1


async def test_a_forged_receipt_is_refused_and_the_task_stays_open(site):
    async with site.both() as coordinator:
        (agent,) = await coordinator.agents(1)
        await coordinator.submit(cohort={"size": 1}, stop=ONE_ROUND)
        talk = await silent(coordinator, agent)
        task = await talk.receive("task")
        # The ticket is signed by the coordinator, but it is no receipt of an aggregator.
        talk.send(completed(task.task, task.train.ticket))
        with pytest.raises(SignatureInvalidError):
            await talk.ended()
        await talk.close()
        talk = await silent(coordinator, agent)
        assert (await talk.receive("task")).task == task.task
        await talk.close()


async def test_a_client_revoked_while_training_is_not_waited_for(site):
    async with site.both() as coordinator:
        *agents, thief = await coordinator.agents(3)
        talk = await silent(coordinator, thief)
        async with working(agents):
            await wait_for_connected(coordinator, 3)
            cohort = {"size": 3, "minimum": 2}
            run = (await coordinator.submit(cohort=cohort, stop=ONE_ROUND))["run"]
            await talk.receive("task")
            path = f"/v1/clients/{thief.client}/revoke"
            assert (await coordinator.admin.post(path, json={})).status_code == 200
            shown = await coordinator.until(run, ended)
        await talk.close()
    assert shown["state"] == "completed"
    states = {row["client"]: row["state"] for row in shown["rounds"][0]["cohort"]}
    assert states[thief.client] == "abandoned"
    assert shown["rounds"][0]["counted"] == 2
    assert {entry["client"] for entry in shown["evaluation"]} == {a.client for a in agents}


async def test_a_cancelled_run_takes_its_tasks_back(site):
    async with site.both() as coordinator:
        (agent,) = await coordinator.agents(1)
        talk = await silent(coordinator, agent)
        run = (await coordinator.submit(cohort={"size": 1}))["run"]
        task = await talk.receive("task")
        cancelled = await coordinator.admin.post(f"/v1/runs/{run}/cancel")
        assert cancelled.json()["state"] == "cancelled"
        assert (await talk.receive("task_cancelled")).task == task.task
        assert (await talk.receive("round_settled")).round == 1
        shown = await coordinator.until(run, lambda shown: shown["rounds"][0]["state"] == "aborted")
        await talk.close()
    assert shown["why"]["waiting_for"].startswith("nothing")


async def test_people_see_progress(site):
    async with site.both() as coordinator:
        (agent,) = await coordinator.agents(1)
        talk = await silent(coordinator, agent)
        run = (await coordinator.submit(cohort={"size": 1}))["run"]
        task = await talk.receive("task")
        progress = session_service_pb2.TaskProgress(task=task.task, steps_done=3, steps_total=20)
        talk.send(session_service_pb2.SessionRequest(progress=progress))
        shown = await coordinator.until(
            run, lambda shown: collecting(shown) and shown["rounds"][0]["cohort"][0]["steps_done"]
        )
        await talk.close()
    (row,) = shown["rounds"][0]["cohort"]
    assert (row["state"], row["steps_done"], row["steps_total"]) == ("training", 3, 20)

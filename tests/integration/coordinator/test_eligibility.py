"""Devices that come to qualify while they are connected, over gRPC and Redis."""

import pytest
from tests.support.coordinator.agent import Talk, TestAgent
from tests.support.coordinator.values import SCHEMA

from pfi.coordinator.v1.session_service_pb2 import DeviceReport, SessionRequest
from pfi_common.errors import InvalidRequestError, SessionsLimitedError

pytestmark = pytest.mark.integration

UNPLUGGED = DeviceReport(has_battery=True, battery_percent=70, charging=False)
PLUGGED = DeviceReport(has_battery=True, battery_percent=70, charging=True)
ONE_ROUND = {"rounds": 1}


def changed(device):
    return SessionRequest(device_changed=device)


def waits_for(unmet):
    return lambda run: run["unmet"] == unmet


async def connect(coordinator, device):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity, device=device)
    assert (await talk.receive("welcome")).takes_device_reports
    return TestAgent(enrolled, SCHEMA), talk


async def test_a_device_is_selected_once_it_charges(site):
    async with site.both() as coordinator:
        agent, talk = await connect(coordinator, UNPLUGGED)
        cohort = {"size": 1, "eligible": {"charging": True, "battery_at_least": 50}}
        run = (await coordinator.submit(cohort=cohort, stop=ONE_ROUND))["run"]
        shown = await coordinator.until(run, waits_for({"charging": 1}))
        assert "1 more is connected: 1 is not known to be charging" in shown["why"]["waiting_for"]
        assert "are charging, have 50 % of their battery" in shown["why"]["unblocks"]
        talk.send(changed(PLUGGED))
        task = await talk.receive("task")
        talk.send(await agent.work(task))
        assert (await talk.receive("result_recorded")).task == task.task
        await talk.close()


async def test_a_device_that_is_unplugged_does_not_qualify_any_more(site):
    async with site.both() as coordinator:
        _, talk = await connect(coordinator, PLUGGED)
        cohort = {"size": 2, "eligible": {"charging": True}}
        run = (await coordinator.submit(cohort=cohort))["run"]
        await coordinator.until(run, lambda run: "there is 1" in run["why"]["waiting_for"])
        talk.send(changed(UNPLUGGED))
        shown = await coordinator.until(run, waits_for({"charging": 1}))
        assert "there are 0, and 1 more is connected" in shown["why"]["waiting_for"]
        await talk.close()


async def test_a_device_with_too_little_memory_is_refused_with_the_number(site):
    async with site.both() as coordinator:
        _, talk = await connect(coordinator, DeviceReport(memory_bytes=1_000_000_000))
        cohort = {"size": 1, "eligible": {"memory": 1_500_000_000}}
        run = (await coordinator.submit(cohort=cohort, stop=ONE_ROUND))["run"]
        shown = await coordinator.until(run, waits_for({"memory": 1}))
        assert "(1.5 GB needed)" in shown["why"]["waiting_for"]
        talk.send(changed(DeviceReport(memory_bytes=1_500_000_000)))
        task = await talk.receive("task")
        need = task.train.memory_need
        assert (need.float32_bytes, need.bfloat16_bytes) == (1_500_000_000, 1_500_000_000)
        await talk.close()


async def test_the_state_of_a_connected_device_is_listed(coordinator):
    _, talk = await connect(coordinator, UNPLUGGED)
    (listed,) = (await coordinator.admin.get("/v1/clients")).json()["clients"]
    assert listed["device"]["charging"] is False
    assert listed["device"]["battery_percent"] == 70
    assert listed["device"]["idle"] is None
    await talk.close()


@pytest.mark.parametrize("odd", [DeviceReport(battery_percent=101), DeviceReport(element_bytes=3)])
async def test_odd_reports_are_refused(coordinator, odd):
    enrolled = await coordinator.enrol()
    first = Talk(coordinator.endpoints.session, enrolled.identity, device=odd)
    with pytest.raises(InvalidRequestError):
        await first.receive()
    await first.close()
    second = Talk(coordinator.endpoints.session, enrolled.identity)
    await second.receive("welcome")
    second.send(changed(odd))
    with pytest.raises(InvalidRequestError):
        await second.ended()
    await second.close()


async def test_those_above_the_rate_are_told_when_to_come_back(site):
    unreachable = {"spool-0": "127.0.0.1:9"}
    async with site.coordinator(aggregators=unreachable, sessions_per_second=1) as coordinator:
        members = [await coordinator.enrol() for _ in range(6)]
        talks = [Talk(coordinator.endpoints.session, member.identity) for member in members]
        delays = []
        for talk in talks:
            try:
                await talk.receive("welcome")
            except SessionsLimitedError as limited:
                delays.append(limited.retry_after_seconds)
        # However slowly they come, a turn is never promised for sooner than a second.
        assert all(delay > 1.0 for delay in delays)
        assert len(delays) < len(members)
        for talk in talks:
            await talk.close()

"""What an agent tells of its device, and what it does when it has too little memory."""

import pytest
from tests.support.client_agent.devices import MemoryDevice
from tests.support.client_agent.learner import MemoryLearner

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.bootstrap import Outside
from pfi_client_agent.domain.device_report import DeviceReport
from pfi_common.errors import SessionsLimitedError

pytestmark = pytest.mark.integration

OFTEN = Outside(device_look_seconds=0.01)


@pytest.fixture
def learner(tiny_run):
    return MemoryLearner(tiny_run.backbone_digest)


async def test_a_device_is_told_with_hello_and_when_it_changes(federation, start_agent, learner):
    device = MemoryDevice(has_battery=True, battery_percent=73, memory_bytes=1 << 30)
    agent = start_agent(learner, outside=OFTEN, device=device)
    coordinator = federation.coordinator
    await agent.in_session(coordinator)
    told = coordinator.hellos[0].device
    assert (told.has_battery, told.battery_percent, told.memory_bytes) == (True, 70, 1 << 30)
    assert not told.HasField("charging")
    device.report = DeviceReport(has_battery=True, battery_percent=74, charging=True)
    await agent.until(lambda: coordinator.device_changes)
    assert coordinator.device_changes[0].charging
    assert not coordinator.device_changes[0].HasField("memory_bytes")


async def test_an_older_coordinator_gets_no_news_of_devices(federation, start_agent, learner):
    federation.coordinator.takes_device_reports = False
    device = MemoryDevice(charging=False)
    agent = start_agent(learner, outside=OFTEN, device=device)
    await agent.in_session(federation.coordinator)
    device.report = DeviceReport(charging=True)
    federation.coordinator.end()
    # The next session's hello has the news.
    await agent.until(lambda: len(federation.coordinator.hellos) > 1)
    assert federation.coordinator.hellos[1].device.charging
    assert federation.coordinator.device_changes == []


async def test_an_agent_comes_back_when_its_turn_is(federation, start_agent, learner):
    limited = SessionsLimitedError(retry_after_seconds=0.2)
    federation.coordinator.refusals.extend([limited] * 3)
    agent = start_agent(learner)
    await agent.in_session(federation.coordinator)
    assert len(federation.coordinator.hellos) == 4
    delays = [event[-1] for event in agent.observer.named("session_ended")]
    assert len(delays) == 3
    assert all(0.2 <= delay <= 0.2 * 1.1 for delay in delays)


async def test_an_agent_that_is_told_no_turn_backs_off(federation, start_agent, learner):
    federation.coordinator.refusals.append(SessionsLimitedError())
    agent = start_agent(learner)
    await agent.in_session(federation.coordinator)
    ((_, delay),) = agent.observer.named("session_ended")
    assert delay > 0


async def test_a_task_above_the_memory_is_given_back_before_it_begins(
    federation, start_agent, learner, builder, base
):
    task = builder.train(base)
    task.train.memory_need.float32_bytes = 2 << 30
    task.train.memory_need.bfloat16_bytes = 1 << 30
    device = MemoryDevice(memory_bytes=3 << 29, element_bytes=4)
    agent = start_agent(learner, device=device)
    await agent.in_session(federation.coordinator)
    federation.say(task=task)
    (result,) = await agent.results(federation.coordinator, 1)
    back = result.abandoned
    assert back.reason == session.ABANDON_REASON_OUT_OF_MEMORY
    assert (back.needed_bytes, back.available_bytes) == (2 << 30, 3 << 29)
    assert not learner.stepping.is_set()

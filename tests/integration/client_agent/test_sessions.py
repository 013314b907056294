from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from tests.support.client_agent.federation import (
    RunningAgent,
    ScriptedFederation,
    enrolled,
    some_data,
)
from tests.support.client_agent.learner import MemoryLearner
from tests.support.client_agent.tasks import TaskBuilder
from tests.support.clock import ManualClock

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.bootstrap import Outside
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    ClientRevokedError,
    IdentityInvalidError,
    InternalError,
    InvalidRequestError,
    PermissionDeniedError,
    ServiceUnavailableError,
    SessionSupersededError,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def learner(tiny_run):
    return MemoryLearner(tiny_run.backbone_digest)


@dataclass
class Scene:
    """An agent with a twin of the learner, and the federation it works for."""

    agent: RunningAgent
    learner: MemoryLearner
    federation: ScriptedFederation
    builder: TaskBuilder
    base: str

    def task(self, round_number=1):
        return self.builder.train(self.base, round_number=round_number)

    async def say(self, **message):
        await self.agent.in_session(self.federation.coordinator)
        self.federation.say(**message)

    async def at_work(self):
        """Wait for a training that stands at its first step."""
        await self.agent.until(self.learner.stepping.is_set)

    async def results(self, count):
        return await self.agent.results(self.federation.coordinator, count)

    async def sessions(self, count):
        await self.agent.until(lambda: len(self.federation.coordinator.hellos) == count)
        await self.agent.until(lambda: self.federation.coordinator.connected)

    async def restart(self):
        await self.agent.stop()
        self.agent = RunningAgent(self.agent.folder, some_data(), self.learner)


@pytest_asyncio.fixture
async def scene(folder, learner, federation, builder, base):
    made = Scene(RunningAgent(folder, some_data(), learner), learner, federation, builder, base)
    yield made
    learner.gate.set()
    if not made.agent.running.done():
        await made.agent.stop()


async def test_a_lost_session_is_opened_again(scene):
    for count in (1, 2, 3):
        await scene.sessions(count)
        scene.federation.coordinator.end(ServiceUnavailableError() if count == 1 else None)
    await scene.sessions(4)
    assert len(scene.agent.observer.named("session_opened")) >= 3


async def test_the_servers_delay_is_honoured(scene):
    message = session.ReconnectAfter()
    message.delay.FromTimedelta(timedelta(seconds=0.3))
    await scene.say(reconnect_after=message)
    await scene.sessions(2)
    ((error, delay),) = scene.agent.observer.named("session_ended")
    assert error is None
    assert 0.3 <= delay <= 0.3 * 1.1


@pytest.mark.parametrize(
    "error",
    [
        SessionSupersededError(),
        ClientRevokedError(),
        PermissionDeniedError(),
        IdentityInvalidError(),
        InvalidRequestError("training_rows"),
    ],
)
async def test_what_no_retry_helps_ends_the_agent(scene, error):
    await scene.sessions(1)
    scene.federation.coordinator.end(error)
    with pytest.raises(type(error)):
        await scene.agent.running


async def test_a_revoked_client_is_cut_by_the_interceptor(scene):
    await scene.sessions(1)
    scene.federation.member_server.revocations.replace({scene.builder.client.identity.name})
    with pytest.raises(ClientRevokedError):
        await scene.agent.running


@pytest.mark.parametrize("error", [ServiceUnavailableError(), InternalError()])
async def test_what_may_pass_is_tried_again(folder, learner, federation, error):
    federation.coordinator.refusals.extend([error, error])
    agent = RunningAgent(folder, some_data(), learner)
    await agent.until(lambda: federation.coordinator.connected)
    assert len(federation.coordinator.hellos) == 3
    await agent.stop()


async def test_a_task_survives_the_session_and_is_done_once(scene):
    scene.learner.gate.clear()
    task = scene.task()
    scene.federation.coordinator.on_open.append(session.SessionResponse(task=task))
    await scene.say(task=task)
    await scene.at_work()
    scene.federation.coordinator.end(ServiceUnavailableError())
    await scene.sessions(2)
    scene.learner.gate.set()
    (result,) = await scene.results(1)
    assert result.HasField("completed")
    assert scene.learner.shared_trainings == 1


async def test_a_result_is_sent_until_it_is_recorded(scene):
    coordinator = scene.federation.coordinator
    coordinator.records_results = False
    await scene.say(task=scene.task())
    await scene.results(1)
    coordinator.end(ServiceUnavailableError())
    coordinator.records_results = True
    first, second = await scene.results(2)
    assert first == second
    # Recorded now: a third session does not hear of it.
    await scene.sessions(2)
    coordinator.end(ServiceUnavailableError())
    await scene.sessions(3)
    await scene.say(task=scene.task(2))
    assert (await scene.results(3))[-1].task == scene.task(2).task
    assert scene.learner.shared_trainings == 2


async def test_tasks_are_done_one_after_the_other(scene):
    scene.learner.gate.clear()
    await scene.say(task=scene.task(1))
    await scene.say(task=scene.task(2))
    await scene.at_work()
    assert len(scene.agent.observer.named("task_started")) == 1
    scene.learner.gate.set()
    results = await scene.results(2)
    assert [result.task for result in results] == [scene.task(1).task, scene.task(2).task]


async def test_a_cancelled_task_stops_between_steps(scene):
    scene.learner.gate.clear()
    await scene.say(task=scene.task(1))
    await scene.at_work()
    await scene.say(task_cancelled=session.TaskCancelled(task=scene.task(1).task))
    await scene.agent.until(lambda: scene.agent.observer.named("task_stopped"))
    scene.learner.gate.set()
    await scene.say(task=scene.task(2))
    (result,) = await scene.results(1)
    assert result.task == scene.task(2).task
    assert [update.key.round for update in scene.agent.place.updates.list()] == [2]


async def test_a_cancelled_task_that_waits_is_forgotten(scene):
    scene.learner.gate.clear()
    await scene.say(task=scene.task(1))
    await scene.say(task=scene.task(2))
    await scene.at_work()
    await scene.say(task_cancelled=session.TaskCancelled(task=scene.task(2).task))
    await scene.say(task=scene.task(3))
    scene.learner.gate.set()
    results = await scene.results(2)
    assert [result.task for result in results] == [scene.task(1).task, scene.task(3).task]


async def test_stopping_leaves_the_task_open_and_a_restart_does_it(scene):
    scene.learner.gate.clear()
    await scene.say(task=scene.task())
    await scene.at_work()
    scene.learner.gate.set()
    await scene.restart()
    assert scene.federation.coordinator.results == []
    await scene.sessions(2)
    await scene.say(task=scene.task())
    (result,) = await scene.results(1)
    assert result.HasField("completed")


async def test_a_restart_after_training_sends_the_stored_bytes(scene):
    faults = scene.federation.aggregator.faults
    faults.uploads.extend([ServiceUnavailableError()] * 50)
    await scene.say(task=scene.task())
    await scene.agent.until(lambda: scene.agent.observer.named("transfer_retried"))
    (stored,) = scene.agent.place.updates.list()
    await scene.restart()
    faults.uploads.clear()
    await scene.sessions(2)
    await scene.say(task=scene.task())
    (result,) = await scene.results(1)
    assert result.HasField("completed")
    header, _ = scene.federation.aggregator.committed[scene.task().task]
    assert header.payload_sha256 == stored.payload_sha256
    assert (scene.learner.shared_trainings, scene.learner.personal_trainings) == (1, 1)


async def test_a_settled_round_leaves_no_bytes(scene):
    await scene.say(task=scene.task())
    await scene.results(1)
    assert len(list(scene.agent.place.updates.list())) == 1
    await scene.say(round_settled=session.RoundSettled(run=scene.task().run, round=1))
    await scene.agent.until(lambda: not list(scene.agent.folder.updates.iterdir()))


async def test_a_renewed_certificate_is_used_at_once(federation, tmp_path, learner, monkeypatch):
    monkeypatch.setattr("pfi_client_agent.application.session_loop._RENEWAL_CHECK_SECONDS", 0.05)
    federation.enrolment.lifetime = timedelta(days=1)
    folder = await enrolled(federation, tmp_path / "device")
    federation.enrolment.lifetime = timedelta(days=10)
    clock = ManualClock(SystemClock().now())
    agent = RunningAgent(folder, some_data(), learner, Outside(clock=clock))
    await agent.until(lambda: agent.observer.named("session_opened"))
    clock.advance(13 * 3600)
    await agent.until(lambda: len(federation.coordinator.hellos) == 2)
    assert len(federation.coordinator.renewed) == 1
    assert agent.observer.named("session_ended") == [(None, 0.0)]
    await agent.stop()


async def test_progress_is_told(scene, monkeypatch):
    monkeypatch.setattr("pfi_client_agent.application.task_desk._PROGRESS_SECONDS", 0.0)
    await scene.say(task=scene.task())
    await scene.results(1)
    progress = scene.federation.coordinator.progress
    steps = [(told.steps_done, told.steps_total) for told in progress]
    assert steps == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]
    assert {told.task for told in progress} == {scene.task().task}

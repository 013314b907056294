"""The `pfi-agent` command as a process, against scripted servers."""

import asyncio
import json
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from tests.support.client_agent.rows import write_rows
from tests.support.faults import held_agent
from tests.support.grpc_server import eventually

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.task_facts import backbone_of, shared_options, split_of
from pfi_client_agent.domain.exit_codes import ExitCode
from pfi_common.errors import SessionSupersededError
from pfi_common.identity import load_identity
from pfi_common.tensors import encode

pytestmark = pytest.mark.integration

COMMAND = Path(sys.executable).with_name("pfi-agent")


@dataclass
class Process:
    """An agent process and what it logged."""

    process: asyncio.subprocess.Process
    lines: list[dict] = field(default_factory=list)

    @classmethod
    async def start(cls, *arguments, program=(COMMAND,)):
        process = await asyncio.create_subprocess_exec(
            *map(str, (*program, *arguments)), stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        made = cls(process)
        made.reading = asyncio.create_task(made._read())
        return made

    async def _read(self):
        async for line in self.process.stderr:
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))

    def events(self):
        return [line["event"] for line in self.lines]

    async def until(self, event):
        await eventually(lambda: event in self.events(), timeout_seconds=60)

    async def ended(self):
        code = await asyncio.wait_for(self.process.wait(), 60)
        await self.reading
        return code

    async def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()


@pytest.fixture
def data_file(tmp_path):
    return write_rows(tmp_path / "rows.jsonl", [f"Row number {number}." for number in range(20)])


@pytest.fixture
def start(federation, tmp_path, data_file, backbone_folder):
    """Starts an agent that enrols by itself."""

    def start_process(*more, program=(COMMAND,)):
        return Process.start(
            "start", "--data", data_file, "--state", tmp_path / "device", "--token",
            federation.token(), "--backbone", backbone_folder, *more, program=program,
        )  # fmt: skip

    return start_process


def task_for(tiny_run, federation, tmp_path, **changes):
    identity = load_identity(StateFolder(tmp_path / "device").identity)
    builder = tiny_run.builder(federation, identity)
    return builder.train(federation.aggregator.publish(tiny_run.base()), **changes)


async def test_enrols_works_and_stops_on_sigterm(start, federation, tiny_run, tmp_path):
    agent = await start("--name", "kitchen")
    await agent.until("agent_ready")
    task = task_for(tiny_run, federation, tmp_path)
    federation.say(task=task)
    await agent.until("task_completed")
    assert task.task in federation.aggregator.committed
    # Another process cannot have the same state folder.
    second = await start()
    assert await second.ended() == ExitCode.RUNNING
    assert str(agent.process.pid) in second.lines[-1]["error_message"]
    assert await agent.stop() == ExitCode.OK
    assert agent.events()[:3] == ["data_read", "device_enrolled", "agent_ready"]
    assert agent.events()[-1] == "agent_stopped"


async def test_killed_in_training_it_trains_the_same_again(
    start, federation, tmp_path, tiny_run, data_file
):
    holds = tmp_path / "holds"
    holds.mkdir()
    (holds / "1").touch()
    agent = await start(program=(sys.executable, held_agent.__file__, holds))
    await agent.until("agent_ready")
    task = task_for(tiny_run, federation, tmp_path)
    federation.coordinator.on_open.append(session.SessionResponse(task=task))
    federation.say(task=task)
    progress = federation.coordinator.progress
    await eventually(lambda: any(told.steps_done for told in progress), timeout_seconds=60)
    agent.process.kill()
    assert await agent.ended() == -signal.SIGKILL
    assert federation.aggregator.committed == {}

    again = await start()
    await again.until("task_completed")
    assert len(federation.enrolment.requests) == 1
    assert federation.aggregator.committed[task.task][1] == undisturbed(tiny_run, task, data_file)
    federation.coordinator.end(SessionSupersededError())
    assert await again.ended() == ExitCode.SUPERSEDED
    assert again.lines[-1]["event"] == "agent_failed"
    assert again.lines[-1]["reason"] == "SESSION_SUPERSEDED"


def undisturbed(run, task, data_file):
    """The payload of a device that nothing happened to."""
    cache = DigestCache(data_file.with_name("digests.json"))
    learner = TorchLearner(cache, None, threads=1, held_out_limit=256)
    bench = learner.open(backbone_of(task), run.schema)
    base = np.frombuffer(run.base(), "<f4")
    rows = split_of(task, read_data(data_file))
    outcome = bench.train_shared(base, rows, shared_options(task), lambda _: None)
    return encode(task.train.upload_encoding, outcome.delta, seed=task.seed)


async def test_bad_data_is_found_before_enrolment(start, federation, data_file):
    data_file.write_text("nonsense\n")
    agent = await start()
    assert await agent.ended() == ExitCode.DATA
    assert agent.lines[-1]["reason"] == "DATA_TOO_MANY_BAD_ROWS"
    assert "line 1 is not JSON" in agent.lines[-1]["error_message"]
    assert federation.enrolment.requests == []


async def test_sigint_while_nothing_answers_ends_it(start, federation):
    agent = await start()
    await agent.until("agent_ready")
    await federation.member_server.server.grpc.stop(None)
    await agent.until("session_ended")
    agent.process.send_signal(signal.SIGINT)
    assert await agent.ended() == ExitCode.OK

"""A federation that stays: started, found again, crashed, refused, stopped."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from tests.e2e.pfi_command import command, environment, pfi

from pfi_cli.local.federation_file import FederationFile, read_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def state(tmp_path: Path):
    folder = tmp_path / "state"
    yield folder
    if (folder / "federation.json").exists():
        pfi("down", "--state", folder)


def described(state: Path) -> FederationFile:
    found = read_federation(StateLayout(state))
    assert found is not None
    return found


def alive(contents: FederationFile) -> list[str]:
    return [name for name, process in contents.processes.items() if process.record.alive]


def start(state: Path) -> FederationFile:
    done = pfi("up", "--detach", "--state", state)
    assert done.returncode == 0, done.stderr
    return described(state)


def test_it_is_started_found_again_and_stopped(state: Path):
    first = start(state)
    assert set(alive(first)) == {"redis", "aggregator", "worker", "coordinator"}
    token = pfi("token", "create", "--state", state).stdout
    assert token.startswith("pfi1_")
    again = pfi("up", "--state", state)
    assert again.returncode == 1
    assert "runs in" in again.stderr
    assert "pfi down" in again.stderr
    assert pfi("down", "--state", state).returncode == 0
    assert alive(first) == []
    second = start(state)
    assert second.endpoints == first.endpoints
    assert pfi("client", "list", "--state", state).returncode == 0


def test_crashes_are_survived_and_a_taken_port_is_a_clear_error(state: Path):
    before = start(state)
    os.kill(before.processes["coordinator"].pid, signal.SIGKILL)
    assert wait_until(lambda: restarted(state, before), 60)
    assert wait_until(lambda: pfi("client", "list", "--state", state).returncode == 0, 60)
    assert described(state).endpoints == before.endpoints
    log = (state / "logs" / "supervisor.log").read_text()
    assert "coordinator ended (status -9); it is started again in 0.5 s" in log
    running = described(state)
    assert running.supervisor is not None
    os.kill(running.supervisor.pid, signal.SIGKILL)
    assert wait_until(lambda: alive(running) == [], 60), "processes of a killed supervisor"
    assert pfi("client", "list", "--state", state).returncode == 3
    with listening_at(before.endpoints["session"]):
        done = pfi("up", "--state", state)
    assert done.returncode == 1
    assert "session endpoint, is taken" in done.stderr
    assert alive(described(state)) == []
    with listening_at(before.endpoints["admin"]):
        after = start(state).endpoints
    assert {name for name in after if after[name] != before.endpoints[name]} == {"admin"}


def restarted(state: Path, before: FederationFile) -> bool:
    process = described(state).processes.get("coordinator")
    return process is not None and process != before.processes["coordinator"]


def listening_at(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind((host, int(port)))
    taken.listen()
    return taken


def test_ctrl_c_stops_everything(state: Path):
    with subprocess.Popen(
        command("up", "--state", state), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        ready = wait_until(lambda: process.poll() is not None or is_ready(state), 60)
        running = described(state)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert ready
    assert process.returncode == 0, errors
    assert len(running.processes) == 4
    assert alive(running) == []
    assert described(state).supervisor is None
    done = pfi("down", "--state", state / "elsewhere")
    assert done.returncode == 1
    assert "there is no federation" in done.stderr


def is_ready(state: Path) -> bool:
    found = read_federation(StateLayout(state))
    return found is not None and found.ready

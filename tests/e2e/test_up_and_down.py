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

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


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


def test_a_crashed_service_is_started_again_where_agents_find_it(state: Path):
    before = start(state)
    os.kill(before.processes["coordinator"].pid, signal.SIGKILL)

    def restarted() -> bool:
        process = described(state).processes.get("coordinator")
        return process is not None and process != before.processes["coordinator"]

    assert wait_until(restarted, 30)
    assert wait_until(lambda: pfi("client", "list", "--state", state).returncode == 0, 30)
    assert described(state).endpoints == before.endpoints
    log = (state / "logs" / "supervisor.log").read_text()
    assert "coordinator ended (status -9); it is started again in 0.5 s" in log


def test_after_a_killed_supervisor_nothing_is_left_and_it_starts_again(state: Path):
    before = start(state)
    assert before.supervisor is not None
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert wait_until(lambda: alive(before) == [], 30)
    assert pfi("client", "list", "--state", state).returncode == 3
    assert start(state).endpoints == before.endpoints


def test_a_port_that_was_taken_meanwhile_is_a_clear_error(state: Path):
    address = start(state).endpoints["admin"]
    assert pfi("down", "--state", state).returncode == 0
    host, _, port = address.rpartition(":")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, int(port)))
        taken.listen()
        done = pfi("up", "--state", state)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "admin endpoint, is taken" in done.stderr
    assert alive(described(state)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_everything(state: Path, number: signal.Signals):
    with subprocess.Popen(
        command("up", "--state", state), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        ready = wait_until(
            lambda: (
                process.poll() is not None
                or ((state / "federation.json").exists() and described(state).ready)
            ),
            60,
        )
        running = described(state)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert ready
    assert process.returncode == 0, errors
    assert len(running.processes) == 4
    assert alive(running) == []
    assert described(state).supervisor is None


def test_down_without_a_federation_says_so(state: Path):
    done = pfi("down", "--state", state)
    assert done.returncode == 1
    assert "there is no federation" in done.stderr

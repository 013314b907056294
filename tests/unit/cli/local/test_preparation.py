"""Set-up commands of the coordinator, recorded instead of run, and the check of the API key."""

import subprocess

import pytest
from tests.support.cli.admin_api import CONNECTION, ScriptedApi

from pfi_cli.local import api_key, preparation
from pfi_cli.local.api_key import api_key_is_known
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.preparation import Preparation
from pfi_cli.local.redis_server import RedisServer
from pfi_cli.local.runtime_folder import make_runtime_folder
from pfi_common.errors import ServiceUnavailableError

KNOWN = {"aggregator": "127.0.0.1:1"}
FEDERATION = {
    "federation": "local",
    "version": "0.1.0",
    "endpoints": {"enrolment": "a:1", "session": "a:2", "aggregators": {}},
}


@pytest.fixture
def layout(tmp_path):
    return StateLayout(tmp_path)


@pytest.fixture
def commands(monkeypatch):
    run = []

    def record(program, environment):
        run.append((program[1:], environment))
        return subprocess.CompletedProcess(program, 0, stdout=f"pfk_{len(run)}\n", stderr="")

    monkeypatch.setattr(preparation, "_run_captured", record)
    monkeypatch.setattr(preparation, "program_path", lambda name: name)
    return run


def test_a_key_is_made_once_and_replaced_when_asked(layout, commands):
    prepared = Preparation(layout, "unix:///redis", {})
    prepared.create_api_key(KNOWN)
    prepared.create_api_key(KNOWN)
    assert layout.api_key_file.read_text() == "pfk_1\n"
    prepared.create_api_key(KNOWN, replace=True)
    assert layout.api_key_file.read_text() == "pfk_2\n"
    assert layout.api_key_file.stat().st_mode & 0o777 == 0o600


def test_an_empty_store_is_accepted_for_this_folder(layout, commands):
    Preparation(layout, "unix:///redis", {"PATH": "/bin"}).accept_empty_store(KNOWN)
    ((arguments, environment),) = commands
    assert arguments == ["accept-empty-store"]
    assert environment["PFI_COORDINATOR_STATE"] == str(layout.coordinator.resolve())
    assert environment["PFI_COORDINATOR_REDIS_URL"] == "unix:///redis"
    assert environment["PATH"] == "/bin"


def test_the_coordinator_decides_whether_a_key_is_known(layout, monkeypatch):
    scripted = ScriptedApi()
    monkeypatch.setattr(api_key, "local_connection", lambda _: CONNECTION)
    monkeypatch.setattr(api_key, "ApiClient", lambda _: scripted.client())
    refusal = {"reason": "API_KEY_INVALID", "detail": "unknown"}
    scripted.on("GET", "/v1/federation", refusal, 401)
    scripted.on("GET", "/v1/federation", {"reason": "SERVICE_UNAVAILABLE", "detail": "away"}, 503)
    scripted.on("GET", "/v1/federation", FEDERATION)
    assert not api_key_is_known(layout)
    with pytest.raises(ServiceUnavailableError):
        api_key_is_known(layout)
    assert api_key_is_known(layout)


def test_a_file_beside_the_socket_does_not_keep_a_server_from_stopping(tmp_path):
    server = RedisServer(tmp_path / "redis")
    assert not server.socket_path.parent.exists()
    other = make_runtime_folder(tmp_path / "redis") / "other"
    other.touch()
    server.stop()
    assert other.exists()
    other.unlink()
    server.stop()
    assert not other.parent.exists()

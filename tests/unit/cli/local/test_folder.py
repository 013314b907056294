"""Files, locks and ports of a state folder."""

import os
import socket

import pytest

from pfi_cli.local import ports
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.federation_file import (
    FederationFile,
    RecordedProcess,
    read_federation,
    write_federation,
)
from pfi_cli.local.folder_lock import FolderLock
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.ports import check_free, still_usable
from pfi_cli.local.programs import program_path, typed_name
from pfi_cli.local.runtime_folder import make_runtime_folder, runtime_folder
from pfi_cli.local.supervisor import _failure
from pfi_common.errors import LocalFederationFailedError


def test_the_federation_file_is_read_back(tmp_path):
    layout = StateLayout(tmp_path / "new")
    contents = FederationFile(
        name="x",
        endpoints={"admin": "127.0.0.1:1"},
        processes={"redis": RecordedProcess(pid=1, start="then")},
    )
    write_federation(layout, contents)
    assert read_federation(layout) == contents
    assert [path.name for path in layout.root.iterdir()] == ["federation.json"]


def test_a_folder_without_the_file_holds_no_federation(tmp_path):
    assert read_federation(StateLayout(tmp_path)) is None


def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "federation.json").write_text('{"name": ')
    with pytest.raises(LocalFederationFailedError, match="move the folder away"):
        read_federation(StateLayout(tmp_path))


def test_a_supervisor_that_ended_does_not_count_as_running():
    stranger = RecordedProcess(pid=os.getpid(), start="the start of an earlier process")
    assert not FederationFile(name="x", supervisor=stranger).running
    assert not FederationFile(name="x").running


def test_a_lock_has_one_holder(tmp_path):
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_taken_port_is_named_with_its_purpose(taken):
    with pytest.raises(LocalFederationFailedError, match="session endpoint, is taken") as caught:
        check_free({"session": taken}, 0.0)
    assert "enrol agents again" in caught.value.next_step


def test_a_port_that_agents_do_not_know_costs_no_enrolment(taken):
    with pytest.raises(LocalFederationFailedError) as caught:
        check_free({"admin": taken}, 0.0)
    assert "enrol" not in caught.value.message + caught.value.next_step
    known = {"admin": taken, "worker_operations": taken, "session": taken}
    assert still_usable(known) == {"session": taken}


def test_a_port_that_is_taken_for_a_moment_is_waited_for(monkeypatch):
    answers = [False, False, True]
    monkeypatch.setattr(ports, "_is_free", lambda _: answers.pop(0))
    check_free({"session": "127.0.0.1:1"})
    assert answers == []


def test_a_detached_start_passes_the_next_step_on(tmp_path):
    written = "redis runs\nLOCAL_FEDERATION_FAILED: a port is taken\nnext: Stop that.\n"
    failure = _failure(tmp_path / "log", written)
    assert (failure.message, failure.next_step) == ("a port is taken", "Stop that.")


def test_a_detached_start_passes_every_finding_on(tmp_path):
    written = "SETTINGS_INVALID: two are bad:\n- one\n- two\nnext: Correct them.\n"
    assert _failure(tmp_path / "log", written).message == "two are bad:\n- one\n- two"


def test_a_second_start_is_told_how_to_stop_the_first(tmp_path):
    layout = StateLayout(tmp_path)
    lock = FolderLock(layout.lock)
    assert lock.acquire()
    with pytest.raises(LocalFederationFailedError, match="already") as caught:
        LocalFederation(layout, name="x", say=lambda _: None).start()
    lock.release()
    assert "log" not in caught.value.next_step
    assert f"`pfi down --state {tmp_path}` stops it" in caught.value.next_step


def test_a_program_that_is_not_installed_names_the_command_that_installs_it():
    with pytest.raises(LocalFederationFailedError, match=r"pip install 'pfi-cli\[local\]'"):
        program_path("pfi-no-such-program")


def test_a_suggested_command_can_be_typed_as_it_stands(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "deep" / "bin" / "python"))
    assert typed_name("pfi") == str(tmp_path / "deep" / "bin" / "pfi")
    monkeypatch.chdir(tmp_path)
    assert typed_name("pfi") == "deep/bin/pfi"
    (tmp_path / "pfi").touch(mode=0o755)
    assert typed_name("pfi") == "pfi"


def test_the_runtime_folder_is_private_short_and_stable(tmp_path):
    folder = runtime_folder(tmp_path / ("long" * 40))
    assert not folder.exists()
    assert make_runtime_folder(tmp_path / ("long" * 40)) == folder
    assert folder == runtime_folder(tmp_path / ("long" * 40))
    assert folder != runtime_folder(tmp_path / "another")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(str(folder / "redis.sock")) <= 103
    folder.chmod(0o755)
    with pytest.raises(LocalFederationFailedError, match="private"):
        make_runtime_folder(tmp_path / ("long" * 40))
    folder.rmdir()

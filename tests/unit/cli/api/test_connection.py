import os
from pathlib import Path

import pytest

from pfi_cli.api.connection import find_connection
from pfi_cli.exit_codes import ExitCode, exit_code_of
from pfi_cli.local.federation_file import FederationFile, RecordedProcess, write_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.settings import CliSettings
from pfi_common.errors import ServiceUnavailableError, SettingsInvalidError


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("pfk_1_secret\n")
    return path


def recorded(tmp_path, **processes):
    endpoints = {"admin": "127.0.0.1:4711"}
    layout = StateLayout(tmp_path)
    write_federation(layout, FederationFile(name="x", endpoints=endpoints, **processes))
    layout.api_key_file.write_text("pfk_1_secret\n")
    return layout


def this_process():
    return RecordedProcess(**vars(ProcessRecord.of(os.getpid())))


def test_a_local_federation_is_found_by_its_folder(tmp_path):
    layout = recorded(tmp_path, supervisor=this_process())
    found = find_connection(CliSettings(state=tmp_path))
    assert found.url == "https://127.0.0.1:4711"
    assert found.api_key == "pfk_1_secret"
    assert found.authority == layout.authority


def test_processes_without_a_supervisor_still_answer(tmp_path):
    recorded(tmp_path, processes={"coordinator": this_process()})
    assert find_connection(CliSettings(state=tmp_path)).url == "https://127.0.0.1:4711"


def test_a_stopped_federation_says_how_to_start_it(tmp_path):
    recorded(tmp_path)
    with pytest.raises(ServiceUnavailableError, match="does not run") as caught:
        find_connection(CliSettings(state=tmp_path))
    assert caught.value.next_step == f"`pfi up --detach --state {tmp_path}` starts it."
    assert exit_code_of(caught.value) == ExitCode.UNREACHABLE


def test_a_folder_without_a_federation_says_how_to_start_one(tmp_path):
    with pytest.raises(ServiceUnavailableError, match="there is no federation in") as caught:
        find_connection(CliSettings(state=tmp_path / "none"))
    assert caught.value.next_step.startswith("`pfi up")
    assert exit_code_of(caught.value) == ExitCode.UNREACHABLE


def test_a_remote_federation_needs_authority_and_key(tmp_path, key_file):
    authority = tmp_path / "authority.pem"
    authority.write_text("PEM")
    url = "https://coordinator.example:8443/"
    found = find_connection(CliSettings(url=url, authority=authority, api_key_file=key_file))
    assert found.url == "https://coordinator.example:8443"
    with pytest.raises(SettingsInvalidError, match="--authority"):
        find_connection(CliSettings(url=url, api_key_file=key_file))
    with pytest.raises(SettingsInvalidError, match="there is no file"):
        find_connection(CliSettings(url=url, authority=Path("none"), api_key_file=key_file))


def test_an_unreadable_key_file_is_named(tmp_path):
    authority = tmp_path / "authority.pem"
    authority.write_text("PEM")
    settings = CliSettings(url="https://x", authority=authority, api_key_file=tmp_path / "none")
    with pytest.raises(SettingsInvalidError, match="none"):
        find_connection(settings)

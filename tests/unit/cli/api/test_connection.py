from pathlib import Path

import pytest

from pfi_cli.api.connection import find_connection
from pfi_cli.local.federation_file import FederationFile, write_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.settings import CliSettings
from pfi_common.errors import ServiceUnavailableError, SettingsInvalidError


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("pfk_1_secret\n")
    return path


def test_a_local_federation_is_found_by_its_folder(tmp_path):
    layout = StateLayout(tmp_path)
    write_federation(layout, FederationFile(name="x", endpoints={"admin": "127.0.0.1:4711"}))
    layout.api_key_file.write_text("pfk_1_secret\n")
    found = find_connection(CliSettings(state=tmp_path))
    assert found.url == "https://127.0.0.1:4711"
    assert found.api_key == "pfk_1_secret"
    assert found.authority == layout.authority


def test_a_folder_without_a_federation_says_how_to_start_one(tmp_path):
    with pytest.raises(ServiceUnavailableError, match="pfi up"):
        find_connection(CliSettings(state=tmp_path / "none"))


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

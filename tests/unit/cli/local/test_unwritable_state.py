"""A state folder that cannot be made is told in words."""

from pathlib import Path

import pytest

from pfi_cli.commands.demo import demo
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.state_folder import make_state_folder
from pfi_cli.local.supervisor import run_detached, run_in_foreground
from pfi_common.errors import SettingsInvalidError


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder that cannot be made."""
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "state"


def test_up_detached_tells_that_its_state_folder_cannot_be_written(blocked: Path) -> None:
    with pytest.raises(SettingsInvalidError, match="cannot be written"):
        run_detached(StateLayout(blocked), "local")


def test_up_in_the_foreground_tells_it(blocked: Path) -> None:
    federation = LocalFederation(StateLayout(blocked), name="local", say=lambda _: None)
    with pytest.raises(SettingsInvalidError, match="name another with --state"):
        run_in_foreground(federation, lambda: None, lambda: None)


def test_the_demo_tells_it(blocked: Path) -> None:
    with pytest.raises(SettingsInvalidError, match="name another with --state"):
        demo(clients=2, rounds=1, data=None, state=blocked)


def test_a_folder_that_takes_no_files_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SettingsInvalidError, match="Permission denied"):
        make_state_folder(tmp_path)

"""A state folder that cannot be made is told in words."""

from pathlib import Path

import pytest

from pfi_cli.local.layout import StateLayout
from pfi_cli.local.supervisor import run_detached
from pfi_common.errors import SettingsInvalidError


def test_up_tells_that_its_state_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsInvalidError, match="cannot be written"):
        run_detached(StateLayout(tmp_path / "file" / "state"), "local")

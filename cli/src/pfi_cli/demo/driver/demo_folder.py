"""The state folder of a demo, fresh each time."""

import shutil
from pathlib import Path

from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_common.errors import LocalFederationFailedError


def fresh_folder(root: Path) -> StateLayout:
    """Empties the folder of an earlier demo; never touches anything else.

    Raises:
        LocalFederationFailedError: The folder holds other things, or a demo runs in it.
    """
    layout = StateLayout(root)
    if root.exists() and any(root.iterdir()):
        _check_deletable(layout)
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)
    return layout


def _check_deletable(layout: StateLayout) -> None:
    found = read_federation(layout)
    if found is None or not found.demo:
        raise LocalFederationFailedError(
            f"{layout.root} is not empty and not the folder of an earlier demo; "
            "name another one with --state"
        )
    if found.running:
        raise LocalFederationFailedError(
            f"a demo runs in {layout.root}; `pfi down --state {layout.root}` stops it, "
            "--state names another folder for this one"
        )

"""Makes a state folder, or tells in words why that cannot be."""

import os
from pathlib import Path

from pfi_common.errors import SettingsInvalidError


def make_state_folder(root: Path) -> None:
    """Makes the folder if there is none.

    Raises:
        SettingsInvalidError: It cannot be made, or nothing can be written in it.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(root, error.strerror or str(error)) from error
    if not os.access(root, os.W_OK | os.X_OK):
        raise _unwritable(root, "Permission denied")


def _unwritable(root: Path, cause: str) -> SettingsInvalidError:
    return SettingsInvalidError(
        f"the state folder {root} cannot be written: {cause}; name another with --state or "
        "PFI_STATE"
    )

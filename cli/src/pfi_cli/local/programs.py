"""Finds the programs of the services, which a plain `pip install pfi-cli` does not bring."""

import shutil
import sys
from pathlib import Path

from pfi_common.errors import LocalFederationFailedError

INSTALL_COMMAND = "pip install 'pfi-cli[local]'"


def program_path(name: str) -> Path:
    """The console script of that name beside the running Python.

    Raises:
        LocalFederationFailedError: It is not installed there.
    """
    path = Path(sys.executable).parent / name
    if not path.is_file():
        raise LocalFederationFailedError(
            f"{name} is not installed beside {sys.executable}; "
            f"`{INSTALL_COMMAND}` installs what a federation on this machine needs"
        )
    return path


def program_installed(name: str) -> bool:
    """Whether the console script of that name lies beside the running Python."""
    return (Path(sys.executable).parent / name).is_file()


def typed_name(name: str) -> str:
    """What to type to run a program: its name where the shell finds it, else its path."""
    if shutil.which(name) is not None:
        return name
    path = Path(sys.executable).parent / name
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

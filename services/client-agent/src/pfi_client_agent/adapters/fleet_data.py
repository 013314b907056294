"""Finds the files of the clients of a fleet."""

import re
from collections.abc import Sequence
from pathlib import Path

from pfi_common.errors import DataUnreadableError

_DIGITS = re.compile(r"(\d+)")


def client_files(folder: Path, clients: int) -> Sequence[Path]:
    """Give the first files of a folder, one a client; `client_2` comes before `client_10`.

    Raises:
        DataUnreadableError: There are fewer files than clients.
    """
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise DataUnreadableError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if len(found) < clients:
        raise DataUnreadableError(
            f"{folder} has {len(found)} files; {clients} clients need one each."
        )
    return sorted(found, key=_natural)[:clients]


def _natural(path: Path) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(path.name)
    ]

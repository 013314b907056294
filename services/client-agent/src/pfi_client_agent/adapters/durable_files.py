"""Files and folders that are whole or absent after a crash or a power cut."""

import errno
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pfi_common.errors import DiskFullError
from pfi_common.identity.files import PRIVATE, sync_folder, write_durably


@contextmanager
def full_disk_translated() -> Iterator[None]:
    """Turn what a full disk raises into `DiskFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"no space is left for {error.filename or 'the state'}") from error
        raise


def write_file(path: Path, data: bytes) -> None:
    """Replace a file in one step; when this returns, the bytes are on the disk.

    Raises:
        DiskFullError: No space is left.
        OSError: The folder cannot be written.
    """
    with full_disk_translated():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data, PRIVATE)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a JSON file in one step, durably."""
    write_file(path, json.dumps(document, indent=1).encode())


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None when there is no such file, or something else in it."""
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder with these files in the place of `folder`.

    A crash between the two renames leaves `<folder>.new` and `<folder>.old`; `recover_folder`
    finishes what was begun.
    """
    new, old = _new(folder), _old(folder)
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    for name, data in files.items():
        write_file(new / name, data)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Finish or undo what a crash interrupted in `replace_folder`."""
    new, old = _new(folder), _old(folder)
    if not folder.exists() and old.exists():
        # The old folder was renamed only when the new one was complete.
        (new if new.exists() else old).rename(folder)
        sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(new, ignore_errors=True)


def _new(folder: Path) -> Path:
    return folder.with_name(folder.name + ".new")


def _old(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")

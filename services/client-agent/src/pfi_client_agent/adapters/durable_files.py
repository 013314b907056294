"""Files that are whole or absent after a crash or a power cut."""

import os
import shutil
from pathlib import Path


def write_durably(path: Path, data: bytes | memoryview, *, mode: int = 0o600) -> None:
    """Replace a file in one step; when this returns, the bytes are on the disk.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def replace_folder(folder: Path, new: Path) -> None:
    """Put the complete folder `new` in the place of `folder`.

    A crash between the two renames leaves `<folder>.old` and `new`; `recover_folder` finishes it.
    """
    for file in new.iterdir():
        _sync_file(file)
    sync_folder(new)
    old = _old(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(folder: Path, new: Path) -> None:
    """Finish or undo what a crash interrupted in `replace_folder`."""
    old = _old(folder)
    if not folder.exists() and old.exists():
        # The old folder is renamed only when the new one is complete.
        (new if new.exists() else old).rename(folder)
        sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(new, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    _sync_file(folder, os.O_RDONLY | os.O_DIRECTORY)


def _old(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def _sync_file(path: Path, flags: int = os.O_RDONLY) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

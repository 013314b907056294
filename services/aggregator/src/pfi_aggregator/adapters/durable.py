"""Files that survive a power cut."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pfi_aggregator.domain.pacing import spread
from pfi_common.errors import DiskFullError, StoreUnavailableError

_RETRY_SECONDS = 30.0
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def storage_failures() -> Iterator[None]:
    """Makes the failures of a device typed, and so worth another try.

    Raises:
        DiskFullError: the device or the quota is full.
        StoreUnavailableError: anything else that the operating system reports.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(retry_after_seconds=spread(_RETRY_SECONDS)) from error
        message = f"The service's files cannot be used: {os.strerror(error.errno or errno.EIO)}."
        raise StoreUnavailableError(message, retry_after_seconds=spread(_RETRY_SECONDS)) from error


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes, *, private: bool = False) -> None:
    """Creates or replaces a file: all of it or nothing, also after a power cut.

    Args:
        path: The file.
        data: Its content.
        private: True lets its owner alone read it.

    Raises:
        DiskFullError: the device is full; the old content still stands.
    """
    fresh = path.with_name(f".{path.name.lstrip('.')}.new")
    with storage_failures():
        with fresh.open("wb") as file:
            if private:
                os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)


def make_folders(root: Path, folder: Path) -> None:
    """Makes a folder and those above it, down from an existing root, durably.

    Raises:
        DiskFullError: the device is full.
    """
    with storage_failures():
        path = root
        for part in folder.relative_to(root).parts:
            path /= part
            if not path.is_dir():
                path.mkdir(exist_ok=True)
                sync_folder(path.parent)

"""Files that are complete or absent, and on the disk when the call returns."""

import os
import secrets
from pathlib import Path

PRIVATE = 0o600
"""Mode of files that hold a key."""
PUBLIC = 0o644
"""Mode of files that anyone may read."""


def write_durably(path: Path, data: bytes, mode: int) -> None:
    """Replaces a file atomically and makes it durable."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        write_new(partial, data, mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Writes a file that must not exist, durable except for its name (`sync_folder`)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

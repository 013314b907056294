"""The key that wraps the keys of rounds: 32 bytes in a file of their own."""

import os
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures, write_durably
from pfi_aggregator.adapters.spool.round_secret import KEY_BYTES
from pfi_common.errors import SettingsInvalidError


def make_wrapping_key(path: Path, wrapped: Path) -> None:
    """Makes the key unless there is one.

    Args:
        path: The key's file.
        wrapped: Folder of the keys that it wraps.

    Raises:
        SettingsInvalidError: the key is gone, and keys are wrapped with it.
    """
    with storage_failures():
        if path.exists():
            return
        if wrapped.is_dir() and any(wrapped.iterdir()):
            message = (
                f"The wrapping key {path} is gone. Put it back; or delete {wrapped}, which gives "
                "up the updates of the rounds that are not settled."
            )
            raise SettingsInvalidError(message)
    write_durably(path, os.urandom(KEY_BYTES), private=True)


def read_wrapping_key(path: Path) -> bytes:
    """Reads the key.

    Raises:
        SettingsInvalidError: the file is missing or not 32 bytes.
    """
    with storage_failures():
        try:
            key = path.read_bytes()
        except FileNotFoundError as error:
            raise SettingsInvalidError(f"There is no wrapping key {path}.") from error
    if len(key) != KEY_BYTES:
        raise SettingsInvalidError(f"The wrapping key {path} must be {KEY_BYTES} bytes.")
    return key

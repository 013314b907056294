"""The keys of the rounds that are not settled, in a folder outside the spool.

    <run>/<round>.<attempt>.<line>   nonce and the round's key, under AES-256-GCM with the wrapping
                                     key; the round's name is authenticated with it

A round's key is durable before the first byte is encrypted with it, and deleted at settle.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pfi_aggregator.adapters.durable import (
    make_folders,
    storage_failures,
    sync_folder,
    write_durably,
)
from pfi_aggregator.adapters.spool.round_secret import KEY_BYTES, RoundSecret
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import SpoolKeyInvalidError

_NONCE_BYTES = 12


class RoundKeys:
    """Makes, reads and destroys the keys of rounds. Thread-safe.

    Args:
        folder: Where the keys lie; made when the first is.
        wrapping_key: 32 bytes that encrypt them.
    """

    def __init__(self, folder: Path, wrapping_key: bytes) -> None:
        self._folder = folder
        self._wrapping = AESGCM(wrapping_key)
        self._changing = threading.Lock()
        self._secrets: dict[RoundKey, RoundSecret] = {}

    def create(self, key: RoundKey) -> RoundSecret:
        """Gives a round's key, made and durable unless there is one.

        Raises:
            DiskFullError: the device is full.
            SpoolKeyInvalidError: there is one that cannot be unwrapped.
        """
        path = self._path(key)
        with self._changing:  # destroying the run's last key takes the folder away
            if not path.exists():
                make_folders(self._folder.parent, path.parent)
                write_durably(path, self._wrap(key, os.urandom(KEY_BYTES)), private=True)
        return self.find(key)

    def find(self, key: RoundKey) -> RoundSecret:
        """Gives the key of a round that is not settled.

        Raises:
            SpoolKeyInvalidError: it is missing, or wrapped with another key.
        """
        with self._changing:  # a key that is destroyed meanwhile must not be kept
            known = self._secrets.get(key)
            if known is None:
                known = self._secrets[key] = self.read(key)
            return known

    def read(self, key: RoundKey) -> RoundSecret:
        """Gives the key of a round that is not settled, and keeps it for no one.

        Raises:
            SpoolKeyInvalidError: as `find`.
        """
        return RoundSecret(self._unwrap(key))

    def destroy(self, key: RoundKey) -> None:
        """Deletes a round's key: what the round has left in the spool is unreadable from now on."""
        path = self._path(key)
        with self._changing, storage_failures():
            self._secrets.pop(key, None)
            if not path.parent.is_dir():
                return
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
            with suppress(OSError):  # another round of the run still has a key
                path.parent.rmdir()

    def _path(self, key: RoundKey) -> Path:
        return self._folder / key.run / f"{key.round}.{key.attempt}.{key.line}"

    def _wrap(self, key: RoundKey, secret: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, secret, str(key).encode())

    def _unwrap(self, key: RoundKey) -> bytes:
        with storage_failures():
            try:
                wrapped = self._path(key).read_bytes()
            except FileNotFoundError as error:
                raise _invalid(key, "is missing") from error
        nonce, text = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._wrapping.decrypt(nonce, text, str(key).encode())
        except (InvalidTag, ValueError) as error:
            raise _invalid(key, "is damaged, or was wrapped with another key") from error


def _invalid(key: RoundKey, fault: str) -> SpoolKeyInvalidError:
    message = (
        f"The key of a round's spooled updates {fault}; abort the attempt and open the next, and "
        "clients send their stored updates again."
    )
    return SpoolKeyInvalidError(message, run=key.run, round=str(key.round))

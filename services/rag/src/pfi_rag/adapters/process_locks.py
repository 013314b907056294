"""Locks that end with the process that holds them, whatever kills it."""

import fcntl
import os
from pathlib import Path

from pfi_common.errors import IndexLockedError


class StateLock:
    """Keeps a state folder to one serving process.

    Raises:
        IndexLockedError: Another process serves it.
    """

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(state / "service.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._descriptor, 20, 0).decode() or "unknown"
            os.close(self._descriptor)
            raise IndexLockedError(f"Process {owner} serves {state}.") from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        """Lets another process in. The file stays: two could otherwise lock two of one name."""
        os.close(self._descriptor)


def wait_until_unused(path: Path) -> None:
    """Returns when no process holds a shared lock on the file any more.

    The lock that this takes is kept until the process ends, so that a user who comes meanwhile
    waits for that end instead of meeting a service that is about to go.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

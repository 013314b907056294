"""Exactly one process owns a spool."""

import fcntl
import os

from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_common.errors import SpoolLockedError


class RootLock:
    """An exclusive lock on a spool's root, from making to closing, or to the process's end."""

    def __init__(self, layout: SpoolLayout) -> None:
        """Takes the lock.

        Raises:
            SpoolLockedError: another process has it.
        """
        layout.root.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise SpoolLockedError(f"Another process owns the spool {layout.root}.") from error

    def close(self) -> None:
        """Lets another process take over."""
        os.close(self._descriptor)

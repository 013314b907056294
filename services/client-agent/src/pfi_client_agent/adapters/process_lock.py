"""Locks on files that end with the process that holds them, whatever kills it."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_PAUSE_SECONDS = 0.02


@asynccontextmanager
async def held(path: Path, *, shared: bool, timeout_seconds: float) -> AsyncIterator[None]:
    """Hold a lock while the block runs; waits for others to let go of it.

    Args:
        path: The lock file; it is made, and stays.
        shared: True when several may hold it at once.
        timeout_seconds: How long to wait.

    Raises:
        TimeoutError: Somebody else holds it for too long.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        async with asyncio.timeout(timeout_seconds):
            while not _taken(descriptor, kind):  # noqa: ASYNC110 - a lock wakes nobody
                await asyncio.sleep(_PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock alone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _taken(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""How an object reaches the storage so that it is whole or absent, and stays."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.store import LocalStore, ObjectStore

from pfi_common.artifacts.names import STAGING
from pfi_common.clock import Clock

_STALE = timedelta(days=1)


class Writer(Protocol):
    """Writes whole objects; when it returns, a power cut does not take the object away."""

    async def write(self, path: Callable[[], Awaitable[str]], data: bytes | memoryview) -> None:
        """Creates or replaces an object; its path is asked for when it is needed."""
        ...


class RemoteWriter:
    """For object stores, whose put is atomic and durable by itself, and for memory."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def write(self, path: Callable[[], Awaitable[str]], data: bytes | memoryview) -> None:
        """Creates or replaces an object."""
        await obstore.put_async(self._store, await path(), data)


class FileWriter:
    """For a folder: staged, synced, renamed, and the folders synced.

    A rename alone may reach the disk before the bytes do, and would then have replaced a good file
    by an empty one.
    """

    def __init__(self, store: LocalStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._synced: set[Path] = set()

    async def write(self, path: Callable[[], Awaitable[str]], data: bytes | memoryview) -> None:
        """Creates or replaces a file; stages it before its path is needed."""
        staged = f"{STAGING}/{uuid.uuid4().hex}"
        try:
            await obstore.put_async(self._store, staged, data, use_multipart=False)
            await asyncio.to_thread(_sync, self._folder / staged)
            target = await path()
            await obstore.rename_async(self._store, staged, target)
        except BaseException:
            with suppress(OSError):
                (self._folder / staged).unlink()
            raise
        await asyncio.to_thread(self._sync_folders, self._folder / target)

    def _sync_folders(self, file: Path) -> None:
        """Syncs the file's folder, and those above that this writer has not synced yet."""
        _sync(file.parent)
        folder = file.parent
        while folder != self._folder and folder not in self._synced:
            _sync(folder.parent)
            self._synced.add(folder)
            folder = folder.parent


def remove_stale_staging(folder: Path, clock: Clock) -> None:
    """Deletes staged files that a killed process left behind more than a day ago."""
    oldest = (clock.now() - _STALE).timestamp()
    for file in (folder / STAGING).glob("*"):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < oldest:
                file.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

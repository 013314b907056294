"""Payloads of a folder of this machine, mapped into memory once for all who read them."""

import hashlib
import mmap
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.turns import Turns
from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import ArtifactCorruptError

MAXIMUM_IDLE_MAPS = 8
"""Maps that are kept although nobody reads them now."""


@dataclass
class _Mapped:
    """A mapped file, and how many read it now."""

    mapping: mmap.mmap
    readers: int = 0


class MappedPayload:
    """The port `OpenPayload`: parts lie in the page cache, which all readers share."""

    def __init__(self, mapping: mmap.mmap) -> None:
        self.size_bytes = len(mapping)
        self.mapping = mapping
        self._whole = memoryview(mapping)
        self._part = self._whole[:0]

    async def read(self, start: int, length: int) -> memoryview:
        """Gives a part where it lies."""
        self._part.release()
        self._part = self._whole[start : start + length]
        return self._part

    def close(self) -> None:
        """Lets go of the map, which could not be closed otherwise."""
        self._part.release()
        self._whole.release()


class MappedPayloads:
    """The port `Payloads` on a folder.

    A file is hashed once, when it is mapped, and not again for every reader; artifacts never
    change, and a file that is deleted stays readable for those who have it open.

    Args:
        artifacts: A store whose artifacts are files (`ArtifactStore.file`).
    """

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._open: OrderedDict[tuple[str, str], _Mapped] = OrderedDict()
        self._turns = Turns()

    @asynccontextmanager
    async def open(self, kind: str, digest: str) -> AsyncIterator[MappedPayload]:
        """Opens an artifact."""
        mapped = await self._mapped(kind, digest)
        payload = MappedPayload(mapped.mapping)
        try:
            yield payload
        finally:
            payload.close()
            mapped.readers -= 1
            self._close_idle()

    async def _mapped(self, kind: str, digest: str) -> _Mapped:
        """Gives the file's map, and counts one more reader of it."""
        name = (kind, digest)
        async with self._turns.take(name):
            if name not in self._open:
                path = await self._artifacts.file(kind, digest)
                self._open[name] = await in_thread(_map, path, digest)
            mapped = self._open[name]
            self._open.move_to_end(name)
            mapped.readers += 1
            return mapped

    def _close_idle(self) -> None:
        """Unmaps what was not read for longest."""
        idle = [name for name, mapped in self._open.items() if not mapped.readers]
        for name in idle[: max(0, len(idle) - MAXIMUM_IDLE_MAPS)]:
            self._open.pop(name).mapping.close()


def _map(path: Path, digest: str) -> _Mapped:
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if hashlib.sha256(mapping).hexdigest() != digest:
        mapping.close()
        raise ArtifactCorruptError
    return _Mapped(mapping)

"""Payloads of any artifact store, read in ranges."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pfi_aggregator.application.ports import Artifacts
from pfi_common.errors import ArtifactCorruptError


class RangedPayload:
    """The port `OpenPayload`: every part is asked of the store."""

    def __init__(self, artifacts: Artifacts, kind: str, digest: str, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._artifacts = artifacts
        self._kind = kind
        self._digest = digest
        self._hash = hashlib.sha256()
        self._hashed_bytes = 0

    async def read(self, start: int, length: int) -> bytes:
        """Gives a part."""
        data = await self._artifacts.read_range(self._kind, self._digest, start, length)
        if start == self._hashed_bytes:
            self._hash.update(data)
            self._hashed_bytes += len(data)
            if self._hashed_bytes == self.size_bytes and self._hash.hexdigest() != self._digest:
                raise ArtifactCorruptError
        return data


class RangedPayloads:
    """The port `Payloads` on stores that are no folder of this machine."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    @asynccontextmanager
    async def open(self, kind: str, digest: str) -> AsyncIterator[RangedPayload]:
        """Opens an artifact."""
        size_bytes = await self._artifacts.size(kind, digest)
        yield RangedPayload(self._artifacts, kind, digest, size_bytes)

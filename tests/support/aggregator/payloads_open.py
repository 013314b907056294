"""Open payloads in memory."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.aggregator.artifacts import InMemoryArtifacts

from pfi_common.errors import ArtifactCorruptError


class InMemoryPayload:
    """In-memory twin of `pfi_aggregator.application.ports.payloads.OpenPayload`."""

    def __init__(self, data: bytes) -> None:
        self.size_bytes = len(data)
        self._data = data

    async def read(self, start: int, length: int) -> bytes:
        return self._data[start : start + length]


class InMemoryPayloads:
    """In-memory twin of `pfi_aggregator.application.ports.payloads.Payloads`."""

    def __init__(self, artifacts: InMemoryArtifacts) -> None:
        self._artifacts = artifacts

    @asynccontextmanager
    async def open(self, kind: str, digest: str) -> AsyncIterator[InMemoryPayload]:
        data = await self._artifacts.get(kind, digest)
        if hashlib.sha256(data).hexdigest() != digest:
            raise ArtifactCorruptError
        yield InMemoryPayload(data)

"""Serves a published adapter from any offset."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pfi_aggregator.application.ports import Artifacts
from pfi_aggregator.domain.chunk import MAXIMUM_CHUNK_BYTES, Chunk
from pfi_aggregator.domain.names import check_digest
from pfi_common.errors import (
    AdapterUnknownError,
    ArtifactCorruptError,
    ArtifactUnknownError,
    InvalidRequestError,
)

KIND = "adapters"


@dataclass(frozen=True)
class DownloadAdapter:
    """The use case behind DownloadAdapter."""

    artifacts: Artifacts

    async def size(self, digest: str, offset_bytes: int) -> int:
        """Gives the size of an adapter's payload.

        Raises:
            AdapterUnknownError: there is no such adapter.
            InvalidRequestError: digest or offset break their rule.
        """
        check_digest("digest", digest)
        try:
            size = await self.artifacts.size(KIND, digest)
        except ArtifactUnknownError as error:
            raise AdapterUnknownError from error
        if offset_bytes > size:
            raise InvalidRequestError("offset_bytes lies behind the payload.", field="offset_bytes")
        return size

    async def chunks(self, digest: str, offset_bytes: int, size: int) -> AsyncIterator[Chunk]:
        """Reads an adapter in order.

        A whole one is hashed on its way; of a rest, the receiver alone can tell whether it is
        right, and does so in both cases.

        Raises:
            ArtifactCorruptError: the whole payload does not have its digest.
        """
        seen = hashlib.sha256()
        for start in range(offset_bytes, size, MAXIMUM_CHUNK_BYTES):
            length = min(MAXIMUM_CHUNK_BYTES, size - start)
            data = await self.artifacts.read_range(KIND, digest, start, length)
            seen.update(data)
            if start + length == size and offset_bytes == 0 and seen.hexdigest() != digest:
                raise ArtifactCorruptError
            yield Chunk(start, data)

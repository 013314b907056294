"""Serves a published adapter, in any form that it was published in, from any offset."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pfi_aggregator.application.ports import Artifacts, OpenPayload, Payloads
from pfi_aggregator.application.publication import form_pointer
from pfi_aggregator.domain.adapter import check_form_encoding
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.domain.names import check_digest
from pfi_common.errors import AdapterUnknownError, ArtifactUnknownError, InvalidRequestError
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class Download:
    """A payload that is being sent.

    Attributes:
        payload: The open payload.
        payload_sha256: SHA-256 of the whole payload.
        offset_bytes: First byte to send.
    """

    payload: OpenPayload
    payload_sha256: str
    offset_bytes: int

    async def chunk(self, start: int, most_bytes: int) -> Chunk:
        """Reads a piece; pieces are read in order.

        Raises:
            ArtifactCorruptError: the payload does not have its digest. Of a rest, the receiver
                alone can tell for sure whether it is right, and does so in any case.
        """
        return Chunk(start, await self.payload.read(start, most_bytes))


@dataclass(frozen=True)
class DownloadAdapter:
    """The use case behind DownloadAdapter.

    Attributes:
        artifacts: Where pointers to forms lie.
        payloads: Where payloads are read.
    """

    artifacts: Artifacts
    payloads: Payloads

    @asynccontextmanager
    async def open(
        self, digest: str, offset_bytes: int, encoding: EncodingValue | None
    ) -> AsyncIterator[Download]:
        """Opens an adapter's payload.

        Args:
            digest: Digest of the adapter.
            offset_bytes: First byte wanted.
            encoding: Form wanted; none for the canonical payload.

        Raises:
            AdapterUnknownError: there is no such adapter, or it was not published in this form.
            InvalidRequestError: digest, offset or encoding break their rule.
            ArtifactCorruptError: the payload does not have its digest.
        """
        check_digest("digest", digest)
        check_form_encoding(encoding)
        kind, stored = "adapters", digest
        if encoding is not None:
            kind, stored = "forms", await self._form(digest, encoding)
        try:
            async with self.payloads.open(kind, stored) as payload:
                if offset_bytes > payload.size_bytes:
                    message = "offset_bytes lies behind the payload."
                    raise InvalidRequestError(message, field="offset_bytes")
                yield Download(payload, stored, offset_bytes)
        except ArtifactUnknownError as error:
            raise AdapterUnknownError from error

    async def _form(self, digest: str, encoding: EncodingValue) -> str:
        pointer = await self.artifacts.get_named(form_pointer(digest, encoding))
        if pointer is None:
            message = f"The adapter {digest} is unknown, or was not published in this encoding."
            raise AdapterUnknownError(message)
        return pointer.decode()

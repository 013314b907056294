"""Documents as they come in a stream: a header, then chunks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_common.errors import DocumentInvalidError, InvalidRequestError, PlatformError
from pfi_common.rpc.options import CHUNK_BYTES
from pfi_rag.application.transfer_slots import transfer_seconds
from pfi_rag.domain.submission import Submission
from pfi_rag.wire.documents import read_header

SILENCE_SECONDS = 60.0
"""A caller that is silent in the middle of a document for so long has gone."""

_Requests = AsyncIterator[wire.AddDocumentsRequest]
Slot = Callable[[], AbstractAsyncContextManager[None]]
"""Waits for a place in memory, and holds it."""


@dataclass
class Incoming:
    """A document that came, or is coming.

    Attributes:
        submission: What its header says.
        content: Its bytes; dropped as soon as it is refused.
        refusal: Why it cannot be taken, whatever its bytes are.
        received_bytes: How many came.
    """

    submission: Submission
    content: bytearray = field(default_factory=bytearray)
    refusal: PlatformError | None = None
    received_bytes: int = 0

    @property
    def complete(self) -> bool:
        """True when as many bytes came as the header says."""
        return self.received_bytes >= self.submission.size_bytes

    def take(self, chunk: bytes) -> None:
        """Adds bytes, never more than the header says; those of a refused document are dropped."""
        self.received_bytes += len(chunk)
        if self.received_bytes > self.submission.size_bytes:
            self.refuse(DocumentInvalidError("More bytes came than the header says."))
        if self.refusal is None:
            self.content += chunk

    def refuse(self, error: PlatformError) -> None:
        """Drops what came; the rest is read and dropped, too."""
        self.refusal = error
        self.content = bytearray()


async def incoming_documents(
    requests: _Requests, maximum_bytes: int, slot: Slot
) -> AsyncGenerator[Incoming, None]:
    """Yields each document when it is complete; one is held in memory at a time.

    Args:
        requests: The stream.
        maximum_bytes: Largest content that is taken.
        slot: Held from a document's header until the caller has dealt with it; not for one that is
            refused, whose bytes are dropped.

    Raises:
        InvalidRequestError: A chunk belongs to no document or is too large, the caller fell
            silent, or a document took too long.
    """
    request = await _next(requests)
    while request is not None:
        if request.WhichOneof("message") != "header":
            raise InvalidRequestError("a chunk came that belongs to no document")
        current = _begin(request.header, maximum_bytes)
        async with nullcontext() if current.refusal else slot():
            request = await _filled(current, requests)
            yield current
        request = request or await _next(requests)


async def _filled(current: Incoming, requests: _Requests) -> wire.AddDocumentsRequest | None:
    """Takes chunks until there are enough; gives what came instead of one, if anything did."""
    seconds = None if current.refusal else transfer_seconds(current.submission.size_bytes)
    try:
        async with asyncio.timeout(seconds):
            while not current.complete:
                request = await _next(requests)
                if request is None or request.WhichOneof("message") == "header":
                    return request
                _take(current, request.chunk)
    except TimeoutError:
        raise InvalidRequestError(
            f"a document took more than {seconds:.0f} seconds; begin the call again"
        ) from None
    return None


def _take(current: Incoming, chunk: bytes) -> None:
    if len(chunk) > CHUNK_BYTES:
        raise InvalidRequestError(f"a chunk has at most {CHUNK_BYTES:,} bytes")
    current.take(chunk)


def _begin(header: wire.DocumentHeader, maximum_bytes: int) -> Incoming:
    incoming = Incoming(read_header(header))
    try:
        incoming.submission.check(maximum_bytes)
    except PlatformError as error:
        incoming.refuse(error)
    return incoming


async def _next(requests: _Requests) -> wire.AddDocumentsRequest | None:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await anext(requests, None)
    except TimeoutError:
        raise InvalidRequestError(
            f"nothing came for {SILENCE_SECONDS:.0f} seconds; begin the call again"
        ) from None

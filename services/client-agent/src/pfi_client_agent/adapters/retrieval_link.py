"""Calls to a retrieval service: the device's own document index."""

import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi.rag.v1 import retrieval_service_pb2_grpc as wire_grpc
from pfi_common.errors import (
    RetrievalUnavailableError,
    ServiceUnavailableError,
)
from pfi_common.rpc.errors import translated
from pfi_common.rpc.options import CHUNK_BYTES
from pfi_common.rpc.policy import Deadline

_CALL_SECONDS = Deadline.SHORT.value
_FORGET_SECONDS = 0.9 * Deadline.TRANSFER.value
_PAGE_SIZE = 1000


@dataclass(frozen=True)
class OutgoingDocument:
    """A document to add.

    Attributes:
        name: Name in the index.
        content: The bytes.
        labels: Labels to filter by.
    """

    name: str
    content: bytes
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


class RetrievalLink:
    """An open channel to a retrieval service.

    Args:
        channel: The channel.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = wire_grpc.RetrievalServiceStub(channel)

    async def search(self, query: str, limit: int = 0) -> wire.SearchPassagesResponse:
        """Find passages; `limit` 0 takes the service's default.

        Raises:
            RetrievalUnavailableError: The service cannot be reached.
            PlatformError: It refuses.
        """
        request = wire.SearchPassagesRequest(query=query, limit=limit)
        with _called():
            return await self._stub.SearchPassages(request, timeout=_CALL_SECONDS)

    async def add(
        self, documents: Iterable[OutgoingDocument]
    ) -> AsyncIterator[wire.AddDocumentsResponse]:
        """Add documents; yields one answer each, in order, as soon as it is known.

        Documents are taken from the iterable one by one as they are sent. What was answered stays
        when the connection breaks.

        Raises:
            RetrievalUnavailableError: The service cannot be reached.
            PlatformError: It refuses all documents.
        """
        with _called():
            call = self._stub.AddDocuments(_messages(documents))
            async for response in call:
                yield response

    async def documents(self, prefix: str = "") -> list[wire.Document]:
        """List the documents whose names begin with a prefix, sorted by name.

        Raises:
            RetrievalUnavailableError: The service cannot be reached.
            PlatformError: It refuses.
        """
        found: list[wire.Document] = []
        request = wire.ListDocumentsRequest(name_prefix=prefix, page_size=_PAGE_SIZE)
        while True:
            with _called():
                response = await self._stub.ListDocuments(request, timeout=_CALL_SECONDS)
            found += response.documents
            if not response.next_page_token:
                return found
            request.page_token = response.next_page_token

    async def delete(self, document: str) -> int:
        """Delete a document by its id; gives the number of its passages.

        Raises:
            DocumentUnknownError: There is none.
            RetrievalUnavailableError: The service cannot be reached.
        """
        request = wire.DeleteDocumentRequest(document=document)
        with _called():
            return (await self._stub.DeleteDocument(request, timeout=_CALL_SECONDS)).passages

    async def forget(self, documents: Collection[str] | None) -> wire.ForgetDocumentsResponse:
        """Erase documents by their ids, or everything (`None`).

        Raises:
            ForgetIncompleteError: Some text was found in the files afterwards.
            RetrievalUnavailableError: The service cannot be reached.
        """
        request = wire.ForgetDocumentsRequest(
            documents=documents or (), everything=documents is None
        )
        with _called():
            return await self._stub.ForgetDocuments(request, timeout=_FORGET_SECONDS)

    async def index(self) -> wire.GetIndexResponse:
        """Tell how the index stands.

        Raises:
            RetrievalUnavailableError: The service cannot be reached.
        """
        with _called():
            return await self._stub.GetIndex(wire.GetIndexRequest(), timeout=_CALL_SECONDS)


async def _messages(
    documents: Iterable[OutgoingDocument],
) -> AsyncIterator[wire.AddDocumentsRequest]:
    for document in documents:
        header = wire.DocumentHeader(
            name=document.name,
            size_bytes=len(document.content),
            content_sha256=document.content_sha256,
            labels=dict(document.labels),
        )
        yield wire.AddDocumentsRequest(header=header)
        for start in range(0, len(document.content), CHUNK_BYTES):
            yield wire.AddDocumentsRequest(chunk=document.content[start : start + CHUNK_BYTES])


@contextmanager
def _called() -> Iterator[None]:
    """Translate what a call ends with; a service that is not there is told as such."""
    try:
        with translated():
            yield
    except ServiceUnavailableError as error:
        raise RetrievalUnavailableError(
            f"The private document index cannot be reached: {error.message}"
        ) from error

"""RetrievalService on the wire."""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi.rag.v1 import retrieval_service_pb2_grpc
from pfi_common.rpc.caller import RpcContext, current_caller
from pfi_rag.application.transfer_slots import TransferSlots
from pfi_rag.application.use_cases import UseCases
from pfi_rag.domain.ownership import Owner, owner_of
from pfi_rag.domain.submission import DocumentResult
from pfi_rag.entrypoints.incoming import Incoming, incoming_documents
from pfi_rag.wire.documents import write_record, write_result
from pfi_rag.wire.searches import read_filter, write_forgotten, write_index, write_search


class RetrievalServicer(retrieval_service_pb2_grpc.RetrievalServiceServicer):
    """Answers calls; whose index a call works on is told by the connection alone.

    Args:
        use: The use cases.
        slots: Places for documents in memory.
    """

    def __init__(self, use: UseCases, slots: TransferSlots) -> None:
        self._use = use
        self._slots = slots

    async def AddDocuments(
        self, request_iterator: AsyncIterator[wire.AddDocumentsRequest], context: RpcContext
    ) -> AsyncGenerator[wire.AddDocumentsResponse, None]:
        """Takes documents; one answer each, in order."""
        owner = _owner()
        slot = partial(self._slots.one, owner)
        incoming = incoming_documents(request_iterator, self._use.add.maximum_bytes, slot)
        async with aclosing(incoming):
            async for document in incoming:
                yield write_result(await self._add(owner, document))
        await self._use.add.finish(owner)

    async def SearchPassages(
        self, request: wire.SearchPassagesRequest, context: RpcContext
    ) -> wire.SearchPassagesResponse:
        """Finds passages."""
        narrowed = read_filter(request.filter) if request.HasField("filter") else None
        return write_search(
            await self._use.search.run(_owner(), request.query, request.limit, narrowed)
        )

    async def ListDocuments(
        self, request: wire.ListDocumentsRequest, context: RpcContext
    ) -> wire.ListDocumentsResponse:
        """Lists documents."""
        page = await self._use.list_documents.run(
            _owner(), request.name_prefix, request.page_size, request.page_token
        )
        return wire.ListDocumentsResponse(
            documents=[write_record(record) for record in page.documents],
            next_page_token=page.next_token,
        )

    async def DeleteDocument(
        self, request: wire.DeleteDocumentRequest, context: RpcContext
    ) -> wire.DeleteDocumentResponse:
        """Deletes a document."""
        passages = await self._use.delete.run(_owner(), request.document)
        return wire.DeleteDocumentResponse(passages=passages)

    async def ForgetDocuments(
        self, request: wire.ForgetDocumentsRequest, context: RpcContext
    ) -> wire.ForgetDocumentsResponse:
        """Erases documents."""
        report = await self._use.forget.run(
            _owner(), list(request.documents), everything=request.everything
        )
        return write_forgotten(report)

    async def GetIndex(
        self, request: wire.GetIndexRequest, context: RpcContext
    ) -> wire.GetIndexResponse:
        """Says how the index stands."""
        return write_index(await self._use.index.run(_owner()))

    async def _add(self, owner: Owner, document: Incoming) -> DocumentResult:
        if document.refusal is not None:
            return self._use.add.refuse(document.submission, document.refusal)
        return await self._use.add.run(owner, document.submission, bytes(document.content))


def _owner() -> Owner:
    return owner_of(current_caller())

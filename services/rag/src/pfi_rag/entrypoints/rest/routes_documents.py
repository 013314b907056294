"""Routes over the caller's documents."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from pfi_rag.application.transfer_slots import TransferSlots
from pfi_rag.application.use_cases import UseCases
from pfi_rag.domain.ownership import Owner
from pfi_rag.entrypoints.rest import answers
from pfi_rag.entrypoints.rest.bodies import DocumentsBody, ForgetBody, SearchBody
from pfi_rag.entrypoints.rest.peer import Admit
from pfi_rag.entrypoints.rest.uploads import read_uploads, upload_slot

_FORM = {
    "type": "object",
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": DocumentsBody.model_json_schema()},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}


def document_routes(
    use: UseCases, admit: Admit, slots: TransferSlots, maximum_body_bytes: int
) -> APIRouter:
    """Makes the routes."""
    router = APIRouter(prefix="/v1", tags=["documents"])

    @router.post("/documents", openapi_extra=_BODY)
    async def add_documents(
        request: Request, owner: Annotated[Owner, Depends(admit)]
    ) -> answers.AddedDocuments:
        """Adds documents; each one has an answer of its own."""
        results = []
        async with upload_slot(slots, owner):
            for submission, content in await read_uploads(request, maximum_body_bytes):
                results.append(answers.added(await use.add.run(owner, submission, content)))
        await use.add.finish(owner)
        return answers.AddedDocuments(documents=results)

    @router.get("/documents")
    async def list_documents(
        owner: Annotated[Owner, Depends(admit)],
        name_prefix: Annotated[str, Query(description="Only names that begin with this")] = "",
        page_size: Annotated[int, Query(ge=0, description="Most documents; 0 for 100")] = 0,
        page_token: Annotated[str, Query(description="From the page before")] = "",
    ) -> answers.DocumentPage:
        """Lists documents, sorted by name."""
        page = await use.list_documents.run(owner, name_prefix, page_size, page_token)
        return answers.listed(page)

    @router.delete("/documents/{document}")
    async def delete_document(
        document: str, owner: Annotated[Owner, Depends(admit)]
    ) -> answers.Deleted:
        """Makes a document unfindable; its text leaves the files when it is forgotten."""
        return answers.Deleted(passages=await use.delete.run(owner, document))

    return router


def index_routes(use: UseCases, admit: Admit) -> APIRouter:
    """Makes the routes over the whole index."""
    router = APIRouter(prefix="/v1", tags=["index"])

    @router.post("/search")
    async def search(
        body: SearchBody, owner: Annotated[Owner, Depends(admit)]
    ) -> answers.FoundPassages:
        """Finds passages that answer a query."""
        narrowed = body.filter.to_filter()
        return answers.found(await use.search.run(owner, body.query, body.limit, narrowed))

    @router.post("/forget")
    async def forget(
        body: ForgetBody, owner: Annotated[Owner, Depends(admit)]
    ) -> answers.Forgotten:
        """Erases documents from the files, and proves it."""
        report = await use.forget.run(owner, body.documents, everything=body.everything)
        return answers.Forgotten.model_validate(report, from_attributes=True)

    @router.get("/index")
    async def get_index(owner: Annotated[Owner, Depends(admit)]) -> answers.Index:
        """Says how the index stands."""
        return answers.index(await use.index.run(owner))

    return router

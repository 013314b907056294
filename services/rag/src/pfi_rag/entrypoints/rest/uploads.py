"""Documents in the body of a request: JSON, or the files of a form."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from pfi_common.errors import InvalidRequestError, ServiceUnavailableError
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.transfer_slots import TransferSlots, transfer_seconds
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.submission import Submission
from pfi_rag.entrypoints.rest.bodies import DocumentBody, DocumentsBody

_MAXIMUM_FILES = 100
_PATIENCE_SECONDS = 60.0
_RETRY_SECONDS = 5.0

Upload = tuple[Submission, bytes]
"""A document and its content."""


class _InMemory(MultiPartParser):
    """Keeps files in memory, which the limit of the body bounds.

    A temporary file would leave text on a disk where nobody erases it.
    """

    spool_max_size = 0


@asynccontextmanager
async def upload_slot(slots: TransferSlots, owner: Owner) -> AsyncIterator[None]:
    """Holds one of the places that documents over gRPC take, too.

    Raises:
        ServiceUnavailableError: None became free for a minute.
    """
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await held.enter_async_context(slots.one(owner))
        except TimeoutError:
            raise ServiceUnavailableError(
                "Too many documents are coming in.", retry_after_seconds=_RETRY_SECONDS
            ) from None
        yield


async def read_uploads(request: Request, maximum_bytes: int) -> list[Upload]:
    """Reads the documents of a request, in the time that a body of the largest size may take.

    Raises:
        InvalidRequestError: The form cannot be read, or holds no file.
        RequestValidationError: The JSON body breaks a rule.
        HTTPException: The body is of another kind, or came too slowly.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        async with _in_time(maximum_bytes):
            body = await request.body()
        return await in_thread(_from_json, body)
    if kind == "multipart/form-data":
        return await _from_form(request, maximum_bytes)
    raise HTTPException(415)


@asynccontextmanager
async def _in_time(maximum_bytes: int) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(transfer_seconds(maximum_bytes)):
            yield
    except TimeoutError:
        raise HTTPException(408) from None


def _from_json(body: bytes) -> list[Upload]:
    try:
        documents = DocumentsBody.model_validate_json(body).documents
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(problems) from None
    return [_from_text(document) for document in documents]


def _from_text(document: DocumentBody) -> Upload:
    content = document.text.encode()
    return Submission.of(document.name, content, document.media_type, document.labels), content


async def _from_form(request: Request, maximum_bytes: int) -> list[Upload]:
    parser = _InMemory(request.headers, _stream(request), max_files=_MAXIMUM_FILES)
    try:
        async with _in_time(maximum_bytes):
            form = await parser.parse()
    except MultiPartException:
        raise InvalidRequestError("the form cannot be read, or has too many files") from None
    uploads = []
    try:
        for _, item in form.multi_items():
            if isinstance(item, UploadFile):
                content = await item.read()
                uploads.append((await in_thread(_described, item, content), content))
    finally:
        await form.close()
    if not uploads:
        raise InvalidRequestError("the form holds no file")
    return uploads


def _described(file: UploadFile, content: bytes) -> Submission:
    """Describes a file; the type is told by the name where the sender only guessed one."""
    given = (file.content_type or "").partition(";")[0]
    known = given in ("text/markdown", "text/html", "text/x-source")
    return Submission.of(file.filename or "", content, given if known else "")


async def _stream(request: Request) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        yield chunk

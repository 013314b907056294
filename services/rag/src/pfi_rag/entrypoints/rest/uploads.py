"""Documents in the body of a request: JSON, or the files of a form."""

from collections.abc import AsyncGenerator

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from pfi_common.errors import InvalidRequestError
from pfi_rag.domain.submission import Submission
from pfi_rag.entrypoints.rest.bodies import DocumentBody, DocumentsBody

_MAXIMUM_FILES = 100
_GENERIC = "application/octet-stream"

Upload = tuple[Submission, bytes]
"""A document and its content."""


class _InMemory(MultiPartParser):
    """Keeps files in memory, which the limit of the body bounds.

    A temporary file would leave text on a disk where nobody erases it.
    """

    spool_max_size = 0


async def read_uploads(request: Request) -> list[Upload]:
    """Reads the documents of a request.

    Raises:
        InvalidRequestError: The form cannot be read, or holds no file.
        RequestValidationError: The JSON body breaks a rule.
        HTTPException: The body is of another kind.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(await request.body())
    if kind == "multipart/form-data":
        return await _from_form(request)
    raise HTTPException(415)


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


async def _from_form(request: Request) -> list[Upload]:
    parser = _InMemory(request.headers, _stream(request), max_files=_MAXIMUM_FILES)
    try:
        form = await parser.parse()
    except MultiPartException:
        raise InvalidRequestError("the form cannot be read, or has too many files") from None
    uploads = []
    try:
        for _, item in form.multi_items():
            if isinstance(item, UploadFile):
                content = await item.read()
                uploads.append((_described(item, content), content))
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

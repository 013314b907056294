"""Failures as problem documents (RFC 9457)."""

import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from pfi_common.errors import (
    InternalError,
    InvalidRequestError,
    PlatformError,
    http_status,
    problem_document,
)

MEDIA_TYPE = "application/problem+json"

_HTTP_MESSAGES = {
    404: "there is no such route",
    405: "the route does not have this method",
    408: "the body came too slowly; send it again, or add documents over gRPC",
    413: "the body is too large; add large or many documents over gRPC (`pfi-agent documents add`)",
    415: "send application/json or multipart/form-data",
}


def problem_response(error: PlatformError, status: int | None = None) -> JSONResponse:
    """Writes an error; `status` replaces the catalog's where HTTP knows a better one."""
    document = problem_document(error)
    document["status"] = status or http_status(error)
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    return JSONResponse(document, document["status"], headers, media_type=MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Makes every failure of the app a problem document."""
    app.add_exception_handler(PlatformError, _platform)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _platform(_request: Request, error: Exception) -> JSONResponse:
    return problem_response(error if isinstance(error, PlatformError) else InternalError())


async def _validation(_request: Request, error: Exception) -> JSONResponse:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    text = "; ".join(f"{_field(item['loc'])}: {item['msg']}" for item in problems)
    return problem_response(InvalidRequestError(text or "the request cannot be read"))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = _HTTP_MESSAGES.get(status, "the request cannot be read")
    return problem_response(InvalidRequestError(message), status)


async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    """Answers in a fixed sentence; the server logs what happened."""
    return problem_response(InternalError())


def _field(location: Sequence[Any]) -> str:
    return ".".join(str(part) for part in location if part != "body") or "body"

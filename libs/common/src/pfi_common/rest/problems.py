"""Failures of an API as problem documents (RFC 9457)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
_UNREADABLE = "the request cannot be read"
_UNAUTHENTICATED = 401
_INTERNAL = 500


@dataclass(frozen=True)
class Problems:
    """How an API words what HTTP itself refuses.

    Attributes:
        messages: What is said of a status.
        otherwise: What is said of any other one; empty for the sentence of the catalog.
        challenge: How callers authenticate, told with status 401 (`WWW-Authenticate`); empty where
            no header does that.
    """

    messages: Mapping[int, str]
    otherwise: str = ""
    challenge: str = ""

    def handle(self, app: FastAPI) -> None:
        """Makes every failure of the app a problem document."""
        app.add_exception_handler(PlatformError, self._platform)
        app.add_exception_handler(RequestValidationError, self._validation)
        app.add_exception_handler(HTTPException, self._http)
        app.add_exception_handler(Exception, self._unexpected)

    def _response(self, error: PlatformError, status: int | None = None) -> JSONResponse:
        """Writes an error; `status` replaces the catalog's where HTTP knows a better one."""
        document = problem_document(error)
        document["status"] = status or http_status(error)
        headers = {}
        if error.retry_after_seconds is not None:
            headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
        if self.challenge and document["status"] == _UNAUTHENTICATED:
            headers["WWW-Authenticate"] = self.challenge
        return JSONResponse(document, document["status"], headers, media_type=MEDIA_TYPE)

    async def _platform(self, _request: Request, error: Exception) -> JSONResponse:
        return self._response(error if isinstance(error, PlatformError) else InternalError())

    async def _validation(self, _request: Request, error: Exception) -> JSONResponse:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        text = "; ".join(f"{_field(fault['loc'])}: {fault['msg']}" for fault in faults)
        return self._response(InvalidRequestError(text or _UNREADABLE))

    async def _http(self, _request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else _INTERNAL
        message = self.messages.get(status, self.otherwise)
        return self._response(InvalidRequestError(message), status)

    async def _unexpected(self, _request: Request, _error: Exception) -> JSONResponse:
        """Answers in a fixed sentence; the server logs what happened."""
        return self._response(InternalError())


def _field(location: Sequence[Any]) -> str:
    return ".".join(str(part) for part in location if part != "body") or "body"

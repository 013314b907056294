"""Every failure in OpenAI's shape."""

import json
import math

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Send

from pfi_client_agent.entrypoints.answers_api.responses import error_document
from pfi_common.errors import InternalError, InvalidRequestError, PlatformError
from pfi_common.errors.problems import http_status

_INTERNAL = 500
_SENTENCES = {
    400: "The body is not JSON.",
    404: "There is no such route; see the reference of the API.",
    405: "The route does not take this method; see the reference of the API.",
    413: "The body has more than 1 MiB.",
}


def error_response(error: PlatformError, status: int | None = None) -> JSONResponse:
    """Write an error as a response."""
    status = status or http_status(error)
    return JSONResponse(error_document(error, status), status, headers=_headers(error))


async def send_error(send: Send, error: PlatformError, status: int | None = None) -> None:
    """Send an error as a whole response."""
    status = status or http_status(error)
    body = json.dumps(error_document(error, status)).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **_headers(error),
    }
    encoded = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def add_failures(app: FastAPI) -> None:
    """Translate everything that a route may raise."""
    app.add_exception_handler(PlatformError, _platform)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def _platform(_: Request, error: Exception) -> JSONResponse:
    return error_response(error if isinstance(error, PlatformError) else InternalError())


async def _validation(_: Request, error: Exception) -> JSONResponse:
    """Name the first field that is wrong, without its value."""
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    for fault in faults:
        place = [str(part) for part in fault["loc"] if part != "body"]
        field = ".".join(place)
        known = (
            "this field is not supported" if fault["type"] == "extra_forbidden" else fault["msg"]
        )
        return error_response(InvalidRequestError(f"{field or 'body'}: {known}.", field=field))
    return error_response(InvalidRequestError())


async def _http(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else _INTERNAL
    return error_response(InvalidRequestError(_SENTENCES.get(status, "")), status)


async def _unforeseen(_: Request, _error: Exception) -> JSONResponse:
    # The server logs it.
    return error_response(InternalError())


def _headers(error: PlatformError) -> dict[str, str]:
    if error.retry_after_seconds is None:
        return {}
    return {"retry-after": str(math.ceil(error.retry_after_seconds))}

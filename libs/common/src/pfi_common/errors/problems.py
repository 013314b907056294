"""Errors as RFC 9457 problem documents, for the REST API and its clients."""

from collections.abc import Mapping
from typing import Any

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog import error_for

_HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 409,
    "DATA_LOSS": 500,
    "INTERNAL": 500,
    "RESOURCE_EXHAUSTED": 503,
    "UNAVAILABLE": 503,
}


def http_status(error: PlatformError) -> int:
    """Gives the HTTP status code that carries the error."""
    return _HTTP_STATUS[error.entry.status]


def problem_document(error: PlatformError) -> dict[str, Any]:
    """Writes the error as a problem document (`application/problem+json`).

    Source: RFC 9457. `reason`, `retryable`, `next_step`, `details` and `retry_after_seconds` are
    extension members.
    """
    document: dict[str, Any] = {
        "type": f"urn:pfi:error:{error.reason.lower().replace('_', '-')}",
        "title": error.entry.sentence,
        "status": http_status(error),
        "detail": error.message,
        "reason": error.reason,
        "retryable": error.retryable,
        "next_step": error.next_step,
    }
    if error.details:
        document["details"] = dict(error.details)
    if error.retry_after_seconds is not None:
        document["retry_after_seconds"] = error.retry_after_seconds
    return document


def error_from_problem(document: Mapping[str, Any]) -> PlatformError:
    """Reads a problem document back; one without a reason (a proxy's) becomes `InternalError`."""
    details = document.get("details")
    named = {str(key): str(value) for key, value in _mapping(details).items()}
    message = str(document.get("detail") or document.get("title") or "")
    error = error_for(str(document.get("reason", "INTERNAL")), message, **named)
    delay = document.get("retry_after_seconds")
    error.retry_after_seconds = float(delay) if isinstance(delay, int | float) else None
    return error


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}

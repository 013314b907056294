"""Platform errors on the wire: `google.rpc.Status` with `ErrorInfo`, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]
    ErrorInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status  # type: ignore[import-untyped]

from pfi_common.errors import InternalError, PlatformError, ServiceUnavailableError, error_for
from pfi_common.rpc.caller import RpcContext
from pfi_common.rpc.connection_faults import INTERRUPTED, explain

DOMAIN = "pfi"
"""Domain of `ErrorInfo`."""

_DETAILS_KEY = "grpc-status-details-bin"
_MAXIMUM_CHARACTERS = 1000
"""Status and details travel in metadata, which is small, and the message stands in both."""

_TOO_MANY_CALLS = "Concurrent RPC limit exceeded!"
"""Details of a call above the server's limit; gRPC gives it RESOURCE_EXHAUSTED, and no reason."""

_UNREACHABLE = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)


async def abort(context: RpcContext, error: PlatformError) -> NoReturn:
    """Ends a call with the error."""
    await context.abort_with_status(rpc_status.to_status(status_of(error)))


def status_of(error: PlatformError) -> Status:
    """Writes the error as a status with ErrorInfo and, where a delay is known, RetryInfo."""
    code: int = grpc.StatusCode[error.entry.status].value[0]
    status = Status(code=code, message=_cut(error.message))
    details = {key: _cut(value) for key, value in error.details.items()}
    status.details.add().Pack(ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=details))
    if error.retry_after_seconds is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after_seconds * 1000))
        status.details.add().Pack(RetryInfo(retry_delay=delay))
    return status


def platform_error(rpc_error: grpc.RpcError) -> PlatformError:
    """Reads the error that a call ended with.

    A status without our ErrorInfo comes from gRPC itself: the connection failed, the deadline
    passed, or the server does not know the method.
    """
    if not isinstance(rpc_error, grpc.aio.AioRpcError):
        return InternalError("the call failed in an unknown way")
    return _from_details(rpc_error) or _from_code(rpc_error)


@contextmanager
def translated() -> Iterator[None]:
    """Turns the failure of a call inside the block into a `PlatformError`."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise platform_error(error) from error


def _from_details(rpc_error: grpc.aio.AioRpcError) -> PlatformError | None:
    status = _read_status(rpc_error)
    info, retry = ErrorInfo(), RetryInfo()
    found = False
    for detail in status.details:
        if detail.Is(ErrorInfo.DESCRIPTOR):
            found = detail.Unpack(info) and info.domain == DOMAIN
        elif detail.Is(RetryInfo.DESCRIPTOR):
            detail.Unpack(retry)
    if not found:
        return None
    error = error_for(info.reason, status.message, **dict(info.metadata))
    if retry.HasField("retry_delay"):
        error.retry_after_seconds = retry.retry_delay.ToMilliseconds() / 1000
    return error


def _read_status(rpc_error: grpc.aio.AioRpcError) -> Status:
    """Gives the status in the trailing metadata, or an empty one."""
    for key, value in rpc_error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:
                return Status()
    return Status()


def _from_code(rpc_error: grpc.aio.AioRpcError) -> PlatformError:
    code = rpc_error.code()
    details = rpc_error.details() or ""
    if details == _TOO_MANY_CALLS:
        return ServiceUnavailableError("the service has too many calls just now", code=code.name)
    if code in _UNREACHABLE or details == INTERRUPTED:
        return ServiceUnavailableError(explain(code, details), code=code.name)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return InternalError("the server does not know this method", code=code.name)
    return InternalError(f"the call ended with {code.name}", code=code.name)


def _cut(text: str) -> str:
    return text if len(text) <= _MAXIMUM_CHARACTERS else text[: _MAXIMUM_CHARACTERS - 1] + "…"

"""One call from admission to its end: errors translated, counted, timed and logged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from pfi_common.clock import Clock
from pfi_common.errors import InternalError, PlatformError
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.caller import CallerIdentity, RpcContext, set_caller
from pfi_common.rpc.errors import abort
from pfi_common.rpc.open_streams import OpenStreams
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_common.telemetry.metrics import RpcMetrics


class CallHandling:
    """Wraps the handling of every call of one server."""

    def __init__(self, admission: Admission, metrics: RpcMetrics, clock: Clock) -> None:
        self._admission = admission
        self._streams = OpenStreams(admission)
        self._metrics = metrics
        self._clock = clock

    @asynccontextmanager
    async def handled(
        self, method: str, context: RpcContext, *, streaming: bool
    ) -> AsyncIterator[None]:
        """Runs a handler in the block; whatever it raises ends the call with a typed status."""
        started, caller, code = self._clock.monotonic(), None, grpc.StatusCode.OK.name
        try:
            caller = self._admission.admit(method, context)
            set_caller(caller)
            async with self._staying(caller, streaming=streaming):
                yield
        except grpc.aio.AbortError:
            code = context.code().name
            raise
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED.name
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the process: nothing passes untyped
            failure = _typed(method, error)
            code = failure.entry.status
            await abort(context, failure)
        finally:
            self._record(method, code, caller, self._clock.monotonic() - started)

    @asynccontextmanager
    async def _staying(
        self, caller: CallerIdentity | None, *, streaming: bool
    ) -> AsyncIterator[None]:
        """Turns the cancellation of a stream whose caller may not stay into the reason."""
        if caller is None or not streaming:
            yield
            return
        with self._streams.watched(caller) as stream:
            try:
                yield
            except asyncio.CancelledError:
                if stream.error is None:
                    raise
                stream.task.uncancel()
                raise stream.error from None

    def _record(
        self, method: str, code: str, caller: CallerIdentity | None, seconds: float
    ) -> None:
        self._metrics.record(method, code, seconds)
        name = caller.identity.name if caller else None
        get_logger().info(
            Event.RPC_FINISHED, method=method, code=code, caller=name, seconds=round(seconds, 6)
        )


def _typed(method: str, error: Exception) -> PlatformError:
    """Gives the error that the caller sees; an unforeseen one is logged here and nowhere else."""
    if isinstance(error, PlatformError) and not isinstance(error, InternalError):
        return error
    get_logger().error(Event.RPC_FAILED, error=error, method=method)
    return InternalError()

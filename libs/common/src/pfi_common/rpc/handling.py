"""One call from admission to its end: errors translated, counted, timed and logged."""

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

import grpc

from pfi_common.clock import Clock
from pfi_common.errors import InternalError, PlatformError
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.caller import CallerIdentity, RpcContext, set_caller
from pfi_common.rpc.draining import RequestStream
from pfi_common.rpc.errors import abort
from pfi_common.rpc.open_streams import OpenStream, OpenStreams
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_common.telemetry.metrics import RpcMetrics


class CallHandling:
    """What the calls of one server share."""

    def __init__(self, admission: Admission, metrics: RpcMetrics, clock: Clock) -> None:
        self.admission = admission
        self.streams = OpenStreams(admission)
        self.metrics = metrics
        self.clock = clock

    def handled(
        self,
        method: str,
        context: RpcContext,
        *,
        streaming: bool = False,
        requests: RequestStream | None = None,
    ) -> "HandledCall":
        """Gives the block that a handler runs in.

        Args:
            method: Full name of the method.
            context: Of the call.
            streaming: True when the call may last, so that its caller has to be watched.
            requests: What the client streams, if it does.
        """
        return HandledCall(self, method, context, streaming=streaming, requests=requests)


class HandledCall:
    """An asynchronous block; whatever is raised in it ends the call with a typed status."""

    def __init__(
        self,
        handling: CallHandling,
        method: str,
        context: RpcContext,
        *,
        streaming: bool,
        requests: RequestStream | None,
    ) -> None:
        self._handling = handling
        self._method = method
        self._context = context
        self._streaming = streaming
        self._requests = requests
        self._started = handling.clock.monotonic()
        self._caller: CallerIdentity | None = None
        self._stream: OpenStream | None = None
        self._watch: AbstractContextManager[OpenStream] | None = None

    async def __aenter__(self) -> None:
        """Lets the call in, or ends it."""
        try:
            self._admit()
            if self._streaming:
                await self._open()
        except PlatformError as error:
            await self._refuse(error)

    async def __aexit__(
        self,
        _: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the call with the status that belongs to the error."""
        if self._watch is not None:
            self._watch.__exit__(None, None, None)
        failure = self._failure(error)
        if failure is not None:
            await self._refuse(failure)
        self._record(self._code(error), None)
        if error is None:
            await self._drain()

    def _admit(self) -> None:
        admission = self._handling.admission
        policy = admission.policy(self._method)
        self._caller = admission.identify(policy, self._context)
        admission.authorise(policy, self._caller, self._context)
        set_caller(self._caller)

    async def _open(self) -> None:
        """Starts the responses and watches the caller from then on.

        gRPC would send the headers with the first message; a handler that is cancelled while that
        message is on its way could then send no status, and the call would stay open.
        """
        await self._context.send_initial_metadata(())
        if self._caller is not None:
            self._handling.admission.check(self._caller)
            self._watch = self._handling.streams.watched(self._caller)
            self._stream = self._watch.__enter__()

    def _failure(self, error: BaseException | None) -> PlatformError | None:
        """Gives the error that the caller is told; `None` for success, aborts and cancellation."""
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            return self._reason_of_cut()
        if not isinstance(error, Exception | asyncio.CancelledError):
            return None
        if isinstance(error, grpc.aio.AbortError):
            return None
        if isinstance(error, PlatformError) and not isinstance(error, InternalError):
            return error
        get_logger().error(Event.RPC_FAILED, error=error, method=self._method)
        return InternalError()

    def _reason_of_cut(self) -> PlatformError | None:
        """Tells a stream that was cut here from one that the caller or the server cancelled."""
        if self._stream is None or self._stream.error is None:
            return None
        self._stream.task.uncancel()
        return self._stream.error

    async def _refuse(self, error: PlatformError) -> None:
        self._record(error.entry.status, error.reason)
        await self._drain()
        await abort(self._context, error)

    async def _drain(self) -> None:
        if self._requests is not None:
            await self._requests.drain()

    def _code(self, error: BaseException | None) -> str:
        if isinstance(error, grpc.aio.AbortError):
            return self._context.code().name
        return "OK" if error is None else grpc.StatusCode.CANCELLED.name

    def _record(self, code: str, reason: str | None) -> None:
        seconds = self._handling.clock.monotonic() - self._started
        self._handling.metrics.record(self._method, code, seconds)
        get_logger().info(
            Event.RPC_FINISHED,
            method=self._method,
            code=code,
            reason=reason,
            caller=self._caller.identity.name if self._caller else None,
            seconds=round(seconds, 6),
        )


def _is_cancelled() -> bool:
    """True when somebody cancelled this call; false when a handler waited for a cancelled task.

    gRPC takes either for the former and sends no status; the latter would stay open for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

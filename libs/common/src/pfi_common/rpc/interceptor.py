"""The one server interceptor: every call of every kind goes through `CallHandling`."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc

from pfi_common.clock import Clock
from pfi_common.identity.revocation import RevocationList
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.caller import RpcContext
from pfi_common.rpc.draining import DIALOGUE_SECONDS, UPLOAD_SECONDS, RequestStream
from pfi_common.rpc.handling import CallHandling
from pfi_common.telemetry.metrics import RpcMetrics

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Behaviour = Callable[[Any, RpcContext], Any]

_MAKERS: dict[tuple[bool, bool], Callable[..., _Handler]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""Makers of handlers, by whether requests and responses are streams."""


def create_interceptor(
    federation: str, revocations: RevocationList, metrics: RpcMetrics, clock: Clock
) -> "PlatformInterceptor":
    """Makes the interceptor of a server that belongs to a federation."""
    admission = Admission(federation, revocations, clock)
    return PlatformInterceptor(CallHandling(admission, metrics, clock))


class PlatformInterceptor(grpc.aio.ServerInterceptor):
    """Admits calls, gives handlers their caller, and translates what they raise."""

    def __init__(self, handling: CallHandling) -> None:
        self._handling = handling
        self._wrapped: dict[str, _Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["_Handler | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """Wraps the handler; a method that the server does not have stays UNIMPLEMENTED."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if method not in self._wrapped:
            self._wrapped[method] = self._wrap(handler, method)
        return self._wrapped[method]

    def _wrap(self, handler: _Handler, method: str) -> _Handler:
        behaviour = _behaviour(handler)
        wrap = {
            (False, False): self._unary_unary,
            (False, True): self._unary_stream,
            (True, False): self._stream_unary,
            (True, True): self._stream_stream,
        }[_kind(handler)]
        return _MAKERS[_kind(handler)](
            wrap(method, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _unary_unary(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        async def handle(request: object, context: RpcContext) -> object:
            async with self._handling.handled(method, context):
                response: object = await behaviour(request, context)
            return response

        return handle

    def _stream_unary(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        async def handle(_: AsyncIterator[object], context: RpcContext) -> object:
            stream = RequestStream(context.read, UPLOAD_SECONDS)
            async with self._handling.handled(method, context, streaming=True, requests=stream):
                response: object = await behaviour(stream, context)
            return response

        return handle

    def _unary_stream(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        respond = _responding(behaviour)

        async def handle(request: object, context: RpcContext) -> None:
            async with self._handling.handled(method, context, streaming=True):
                await respond(request, context)

        return handle

    def _stream_stream(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        respond = _responding(behaviour)

        async def handle(_: AsyncIterator[object], context: RpcContext) -> None:
            stream = RequestStream(context.read, DIALOGUE_SECONDS)
            async with self._handling.handled(method, context, streaming=True, requests=stream):
                await respond(stream, context)

        return handle


def _responding(behaviour: _Behaviour) -> _Behaviour:
    """Gives a coroutine function, whether the handler yields its responses or writes them."""
    if not inspect.isasyncgenfunction(behaviour):
        return behaviour

    async def respond(request: object, context: RpcContext) -> None:
        async with aclosing(behaviour(request, context)) as responses:
            async for response in responses:
                await context.write(response)
                del response  # it may be large, and the next one may take its time

    return respond


def _behaviour(handler: _Handler) -> _Behaviour:
    """Gives the one of the four functions that the handler has."""
    kinds = ("stream" if many else "unary" for many in _kind(handler))
    behaviour: _Behaviour = getattr(handler, "_".join(kinds))
    return behaviour


def _kind(handler: _Handler) -> tuple[bool, bool]:
    return handler.request_streaming, handler.response_streaming

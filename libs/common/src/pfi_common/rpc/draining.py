"""Reading what a client still sends before its call is ended early.

A Python client that is in the middle of sending when the status comes loses the status and sees
INTERNAL "Internal error from Core" instead (grpc/grpc#36066). So a call whose client streams is
ended only when the client has sent everything, or after a short time; what is read is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import grpc

UPLOAD_SECONDS = 2.0
"""A client that uploads for longer asks for the upload's status and so learns the reason."""
DIALOGUE_SECONDS = 0.2
"""In a dialogue the client sends a greeting and then is mostly silent."""


class RequestStream:
    """What a client streams in one call; handlers iterate over it.

    One reader at a time: a handler that failed may have left a task that still waits for a message.
    gRPC's own iterator would keep each message until the next one has come.

    Args:
        read: Reads the next message, or `grpc.aio.EOF`; not called again once it has failed.
        drain_seconds: For how long the rest is read before the call ends.
    """

    def __init__(self, read: Callable[[], Awaitable[object]], drain_seconds: float) -> None:
        self._read = read
        self._drain_seconds = drain_seconds
        self._reading = asyncio.Lock()
        self._ended = False

    def __aiter__(self) -> "RequestStream":
        return self

    async def __anext__(self) -> object:
        async with self._reading:
            if self._ended:
                raise StopAsyncIteration
            self._ended = True  # unless a message comes
            message = await self._read()
            if message is grpc.aio.EOF:
                raise StopAsyncIteration
            self._ended = False
            return message

    async def drain(self) -> None:
        """Reads the rest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds):
                async for _ in self:
                    pass

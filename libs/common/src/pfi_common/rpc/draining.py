"""Reading what a client still sends before its call is ended early.

A Python client that is in the middle of sending when the status comes loses the status and sees
INTERNAL "Internal error from Core" instead (grpc/grpc#36066). So a call whose client streams is
ended only when the client has sent everything, or after a short time; what is read is dropped.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

UPLOAD_SECONDS = 2.0
"""A client that uploads for longer asks for the upload's status and so learns the reason."""
DIALOGUE_SECONDS = 0.2
"""In a dialogue the client sends a greeting and then is mostly silent."""


@dataclass(frozen=True, slots=True)
class RequestStream:
    """What a client streams in one call.

    Attributes:
        requests: The messages.
        drain_seconds: For how long the rest is read before the call ends.
    """

    requests: AsyncIterator[object]
    drain_seconds: float

    async def drain(self) -> None:
        """Reads the rest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.drain_seconds):
                async for _ in self.requests:
                    pass

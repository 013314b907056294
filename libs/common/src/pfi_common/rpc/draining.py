"""Reading what a client still sends before its call is ended early.

A Python client that is in the middle of sending when the status comes loses the status and sees
INTERNAL "Internal error from Core" instead (grpc/grpc#36066). So a call whose client streams is
ended only when the client has sent everything, or after a short time; what is read is dropped.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

_MAXIMUM_SECONDS = 2.0
"""A client that sends for longer asks for the upload's status and so learns the reason."""


async def drain(requests: AsyncIterator[object]) -> None:
    """Reads the rest of a request stream, for a short time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_MAXIMUM_SECONDS):
            async for _ in requests:
                pass

"""Refuses bodies that are too large while they come in."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

_TOO_LARGE = 413


def limited(receive: Receive, maximum_bytes: int) -> Receive:
    """Counts what comes in, and ends the request when it grows too large.

    Args:
        receive: Of a request whose body was not read.
        maximum_bytes: Largest body.

    Returns:
        What receives in its place. It raises `HTTPException` with the status 413.
    """
    received_bytes = 0

    async def counted() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > maximum_bytes:
            raise HTTPException(_TOO_LARGE)
        return message

    return counted

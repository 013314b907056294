"""Stops work that nobody waits for any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")


class ClientGoneError(Exception):
    """The one who asked has closed the connection."""


async def until_disconnected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do some work, and cancel it when the client goes away.

    Args:
        receive: Of a request whose body was read.
        work: What is done.

    Raises:
        ClientGoneError: The client went away; the work has ended.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_disconnection(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGoneError
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

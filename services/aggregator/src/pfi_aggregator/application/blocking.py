"""Blocking work beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs blocking work in a thread, to its end even when the caller is cancelled.

    `asyncio.to_thread` leaves the thread running on cancellation; here, files and locks that the
    work uses are free again when this returns or raises.
    """
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await _wait(work)
        raise


async def _wait(work: "asyncio.Future[R]") -> None:
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            continue  # the caller is being cancelled already
    work.exception()

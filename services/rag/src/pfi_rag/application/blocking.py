"""Blocking work beside the event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs blocking work in a thread, to its end even when the caller is cancelled.

    So a lock that the caller holds around this call is never released while the work goes on.
    """
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with suppress(asyncio.CancelledError):  # the caller is being cancelled already
                await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        raise

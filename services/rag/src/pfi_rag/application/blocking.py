"""Blocking work beside the event loop."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from pfi_rag.application.warm_threads import WarmThreads

P = ParamSpec("P")
R = TypeVar("R")

_THREADS = WarmThreads(maximum=min(32, (os.cpu_count() or 1) + 4))


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs blocking work in a thread, to its end even when the caller is cancelled.

    So a lock that the caller holds around this call is never released while the work goes on.
    Like `asyncio.to_thread`, with less between the work and the event loop.
    """
    done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
    work = partial(copy_context().run, function, *args, **kwargs)
    _THREADS.begin(lambda: partial(_tell, done, _outcome(done, work)))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        while not done.done():
            with suppress(asyncio.CancelledError):  # the caller is being cancelled already
                await asyncio.wait([done])
        if not done.cancelled():
            done.exception()
        raise


def _outcome(done: "asyncio.Future[R]", work: Callable[[], R]) -> Callable[[], None]:
    """Does the work; gives what is to be done in the event loop."""
    kept = _Kept()
    with kept:
        return partial(done.set_result, work())
    return partial(done.set_exception, kept.errors[0])


class _Kept:
    """A context that keeps what is raised in it, to be raised where the work is awaited."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def __enter__(self) -> None:
        """Begins."""

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> bool:
        """Ends without raising."""
        if error is not None:
            self.errors.append(error)
        return True


def _tell(done: "asyncio.Future[R]", outcome: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop was closed, so that nobody awaits it
        done.get_loop().call_soon_threadsafe(outcome)

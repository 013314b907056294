"""The one thread in which an engine works: answers and changes of adapters follow each other."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

from pfi_client_agent.adapters.owning_thread import OwningThread
from pfi_client_agent.application.ports import AnswerEngine

T = TypeVar("T")

Cancelled = Callable[[], bool]
"""Tells that nobody wants the rest."""


class AnsweringThread(OwningThread[AnswerEngine]):
    """Runs work on an engine, one piece after the other."""

    name = "answering"

    async def stream(
        self, work: Callable[[AnswerEngine, Cancelled], Iterator[T]]
    ) -> AsyncGenerator[T, None]:
        """Yield what a piece of work yields; closing this makes the work end soon."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[T | None] = asyncio.Queue()
        abandoned = threading.Event()

        def produce() -> None:
            for item in work(self._owned.result(), abandoned.is_set):
                loop.call_soon_threadsafe(arrived.put_nowait, item)

        producing = loop.run_in_executor(self._executor, produce)
        producing.add_done_callback(lambda _: arrived.put_nowait(None))
        try:
            while (item := await arrived.get()) is not None:
                yield item
            await producing
        finally:
            abandoned.set()
            if not producing.done():
                # Not waited for: the next piece of work waits in the thread instead. One that has
                # not begun never begins.
                producing.cancel()

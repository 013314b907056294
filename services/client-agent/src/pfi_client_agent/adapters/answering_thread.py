"""The one thread in which an engine works: answers and changes of adapters follow each other."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from pfi_client_agent.application.ports import AnswerEngine

T = TypeVar("T")

Cancelled = Callable[[], bool]
"""Tells that nobody wants the rest."""


class AnsweringThread:
    """Runs work on an engine, one piece after the other.

    Args:
        make: Makes the engine, in the thread; importing torch takes seconds, so it starts at once.
    """

    def __init__(self, make: Callable[[], AnswerEngine]) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answering")
        self._engine: Future[AnswerEngine] = self._executor.submit(make)

    async def run(self, work: Callable[[AnswerEngine], T]) -> T:
        """Do a piece of work and give its result; cancelling does not stop a piece that runs."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: work(self._engine.result()))

    async def stream(
        self, work: Callable[[AnswerEngine, Cancelled], Iterator[T]]
    ) -> AsyncGenerator[T, None]:
        """Yield what a piece of work yields; closing this makes the work end soon."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[T | None] = asyncio.Queue()
        abandoned = threading.Event()

        def produce() -> None:
            for item in work(self._engine.result(), abandoned.is_set):
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

    def close(self) -> None:
        """Wait for the piece that runs, and end the thread."""
        self._executor.shutdown(cancel_futures=True)

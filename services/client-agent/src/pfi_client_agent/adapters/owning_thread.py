"""A thread of its own for what works with torch, whose thread count belongs to a thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ClassVar, Generic, TypeVar

Owned = TypeVar("Owned")
T = TypeVar("T")


class OwningThread(Generic[Owned]):
    """Runs work on what it owns, one piece after the other.

    Args:
        make: Makes it, in the thread; importing torch takes seconds, so it starts at once.

    Attributes:
        name: Of the thread, for who looks at the process.
    """

    name: ClassVar[str]

    def __init__(self, make: Callable[[], Owned]) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)
        self._owned: Future[Owned] = self._executor.submit(make)

    @property
    def is_ready(self) -> bool:
        """Whether it is made."""
        done = self._owned.done() and not self._owned.cancelled()
        return done and self._owned.exception() is None

    async def ready(self) -> None:
        """Wait until it is made.

        Raises:
            PlatformError: It cannot be made.
        """
        await asyncio.wrap_future(self._owned)

    async def run(self, work: Callable[[Owned], T]) -> T:
        """Do a piece of work and give its result; cancelling does not stop a piece that runs."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: work(self._owned.result()))

    def close(self) -> None:
        """Wait for the piece that runs, and end the thread."""
        self._executor.shutdown(cancel_futures=True)

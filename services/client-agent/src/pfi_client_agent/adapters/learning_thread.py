"""The one thread that all learning runs in: torch's thread count belongs to a thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from pfi_client_agent.application.ports import Learner

T = TypeVar("T")


class LearningThread:
    """Runs work on a learner, one piece after the other.

    Args:
        make: Makes the learner, in the thread; importing torch takes seconds, so it starts at once.
    """

    def __init__(self, make: Callable[[], Learner]) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="learning")
        self._learner: Future[Learner] = self._executor.submit(make)

    async def ready(self) -> None:
        """Wait until the learner is made.

        Raises:
            PlatformError: It cannot be made.
        """
        await asyncio.wrap_future(self._learner)

    async def run(self, work: Callable[[Learner], T]) -> T:
        """Do a piece of work and give its result; cancelling does not stop a piece that runs."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._apply, work)

    def close(self) -> None:
        """Wait for the piece that runs, and end the thread."""
        self._executor.shutdown(cancel_futures=True)

    def _apply(self, work: Callable[[Learner], T]) -> T:
        return work(self._learner.result())

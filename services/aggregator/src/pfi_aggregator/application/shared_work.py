"""Work that outlives the call that asked for it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class SharedWork(Generic[R]):
    """Runs each named piece of work once at a time: who asks again joins the one that runs.

    A call that is cancelled leaves the work running, so repeating a call with a deadline makes
    progress however long the work takes.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[R]] = {}

    async def join(self, name: Hashable, start: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Gives the outcome of the work, which is started if it does not run."""
        task = self._running.get(name)
        if task is None:
            task = asyncio.create_task(start())
            self._running[name] = task
            task.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(task)

    def _forget(self, name: Hashable, task: "asyncio.Task[R]") -> None:
        del self._running[name]
        if not task.cancelled():
            task.exception()  # seen by those who joined; without them it has no one to go to

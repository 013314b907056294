"""What is done with the chunks of one upload, in a thread, while the next ones arrive."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

Data = bytes | memoryview
_WAITING = 1


class UploadWork:
    """A context that hands data to a thread in batches and in order.

    While a batch is worked on, the next is collected, so a busy process takes fewer and larger
    steps. Leaving the context waits for the thread; after an error, data that waits is dropped.

    Args:
        work: Blocks; is given one batch at a time.
        waiting: How many pieces may wait.
    """

    def __init__(self, work: Callable[[list[Data]], None], waiting: int = _WAITING) -> None:
        self._work = work
        self._most = waiting
        self._waiting: list[Data] = []
        self._running: asyncio.Future[None] | None = None
        self._error: BaseException | None = None

    async def __aenter__(self) -> Self:
        """Begins; nothing runs yet."""
        return self

    async def add(self, data: Data) -> None:
        """Takes the next piece; waits while too many wait.

        Raises:
            PlatformError: what the work raised, on this piece or one before.
        """
        while len(self._waiting) >= self._most and self._running is not None:
            await asyncio.wait([self._running])
        self._check()
        self._waiting.append(data)
        if self._running is None:
            self._start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Waits for the work.

        Raises:
            PlatformError: what the work raised.
        """
        cancelled = await self._end(drop=error is not None)
        if cancelled is not None:
            raise cancelled
        if error is None:
            self._check()

    async def _end(self, *, drop: bool) -> asyncio.CancelledError | None:
        cancelled = None
        while self._running is not None:
            if drop or cancelled is not None:
                self._waiting.clear()
            try:
                await asyncio.wait([self._running])
            except asyncio.CancelledError as error:
                cancelled = error  # the thread goes on in any case, with the upload's file
        return cancelled

    def _start(self) -> None:
        batch, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(None, self._work, batch)
        self._running.add_done_callback(self._ended)

    def _ended(self, done: "asyncio.Future[None]") -> None:
        self._running = None
        self._error = done.exception()
        if self._error is not None:
            self._waiting.clear()
        elif self._waiting:
            self._start()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

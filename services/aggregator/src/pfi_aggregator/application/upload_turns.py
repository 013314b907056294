"""At most one call works on a task's upload; a newer one takes over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pfi_aggregator.application.turns import Turns
from pfi_common.errors import ChunkOutOfOrderError


class UploadTurns:
    """Gives the newest call the upload: a call whose connection is half dead must not block it."""

    def __init__(self) -> None:
        self._turns = Turns()
        self._receiving: dict[str, asyncio.Timeout] = {}

    @asynccontextmanager
    async def take(self, task: str) -> AsyncIterator[None]:
        """Owns the task's upload inside the context; ends an older call's receiving first."""
        older = self._receiving.pop(task, None)
        if older is not None and not older.expired():  # one that ends already may still have work
            older.reschedule(asyncio.get_running_loop().time())
        async with self._turns.take(task):
            yield

    @asynccontextmanager
    async def receiving(self, task: str) -> AsyncIterator[None]:
        """Receives inside the context, which a newer call may end, also one that waits already.

        Raises:
            ChunkOutOfOrderError: a newer call has taken over.
        """
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(now if self._turns.is_awaited(task) else None) as scope:
                self._receiving[task] = scope
                try:
                    yield
                finally:
                    if self._receiving.get(task) is scope:
                        del self._receiving[task]
        except TimeoutError as error:
            raise ChunkOutOfOrderError("Another call goes on with this upload.") from error

    def is_taken(self, task: str) -> bool:
        """Whether a task's upload is being worked on. May be asked from any thread."""
        return self._turns.is_taken(task)

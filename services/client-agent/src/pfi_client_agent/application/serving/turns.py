"""One answer at a time, and a short queue for the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pfi_common.errors import ServiceUnavailableError

_RETRY_SECONDS = 2.0


class Turns:
    """Hands out turns in the order in which they were asked for.

    Args:
        waiting_limit: So many may wait while one has its turn.
    """

    def __init__(self, waiting_limit: int) -> None:
        self._limit = waiting_limit
        self._waiting = 0
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; it lasts as long as the block.

        Raises:
            ServiceUnavailableError: Too many wait already.
        """
        if self._lock.locked() and self._waiting >= self._limit:
            raise ServiceUnavailableError(
                f"{self._waiting} requests wait for an answer already; one is given at a time.",
                retry_after_seconds=_RETRY_SECONDS,
            )
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()

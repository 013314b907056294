"""Connections to Redis: a call waits for a free one, however many sessions call at once."""

import asyncio

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

_CONNECTIONS = 32


class WaitingPool(ConnectionPool):
    """A pool of a few connections that calls queue for.

    redis-py's own pool refuses a call when all connections are in use, which hundreds of sessions
    that are woken at once bring about; its blocking pool loses a connection when a call is
    cancelled while it gives its connection back, as a session that ends is.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(max_connections=_CONNECTIONS, **options)  # type: ignore[arg-type]
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._holders: set[AbstractConnection] = set()

    async def get_connection(self) -> AbstractConnection:  # type: ignore[override]
        """Waits for a free connection; the caller limits the time."""
        await self._slots.acquire()
        connection: AbstractConnection | None = None
        try:
            connection = await super().get_connection()  # type: ignore[no-untyped-call]
        finally:
            if connection is None:
                self._slots.release()
        self._holders.add(connection)
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Takes a connection back, also from a call that is being cancelled."""
        await asyncio.shield(self._take_back(connection))

    async def _take_back(self, connection: AbstractConnection) -> None:
        try:
            await super().release(connection)
        finally:
            # One that could not be opened never came to a holder.
            if connection in self._holders:
                self._holders.discard(connection)
                self._slots.release()

"""The revocation list in Redis, which the coordinator writes and every service follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from pfi_common.errors import StoreUnavailableError
from pfi_common.identity.revocation import RevocationList
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEY = "pfi:revoked"
REASONS_KEY = "pfi:revoked:reasons"

FEDERATION_KEY = "pfi:federation"
"""Marks a store that holds a federation; the coordinator sets it. A wiped store has none."""

_CALL_SECONDS = 6.0

_UNREADABLE_PAUSE_SECONDS = 0.2
"""A service that starts beside the coordinator refuses clients until the store is marked."""


@asynccontextmanager
async def _store_errors() -> AsyncIterator[None]:
    """Limits the calls inside the block in time, and turns their errors into typed ones.

    Raises:
        StoreUnavailableError: Redis does not answer.
    """
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            yield
    except (RedisError, OSError, TimeoutError):
        raise StoreUnavailableError("Redis does not answer") from None


class RedisRevocations:
    """Reads and writes the set of revoked clients."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def add(self, client: str, reason: str) -> None:
        """Revokes a client for good. May be repeated; the first reason stays.

        Raises:
            StoreUnavailableError: Redis does not answer; try again.
        """
        async with _store_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.sadd(KEY, client)
            pipeline.hsetnx(REASONS_KEY, client, reason)
            await pipeline.execute()

    async def members(self) -> set[str]:
        """Gives the revoked clients.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        async with _store_errors():
            found = await self._redis.smembers(KEY)
        return {name.decode() if isinstance(name, bytes) else str(name) for name in found}

    async def follow(self, revocations: RevocationList, interval_seconds: float = 1.0) -> None:
        """Keeps a list up to date, for ever.

        While Redis does not answer, holds no federation (its data were lost, or no coordinator has
        started yet), or has forgotten clients that were revoked, the list is left to age, so that
        clients are refused in the end.
        """
        readable = True
        while True:
            readable = await self._refresh(revocations, was_readable=readable)
            _end_if_cancelled()
            pause_seconds = interval_seconds if readable else _UNREADABLE_PAUSE_SECONDS
            await asyncio.sleep(min(interval_seconds, pause_seconds))

    async def _refresh(self, revocations: RevocationList, *, was_readable: bool) -> bool:
        try:
            clients = await self._members_since(revocations.clients)
        except StoreUnavailableError as error:
            if was_readable:
                get_logger().error(Event.REVOCATION_LIST_UNREADABLE, error=error)
            return False
        if clients != revocations.clients:
            get_logger().info(Event.REVOCATION_LIST_CHANGED, count=len(clients))
        revocations.replace(clients)
        return True

    async def _members_since(self, known: frozenset[str]) -> set[str]:
        """Gives the revoked clients; a store that forgot one is as bad as one that is silent."""
        # The marker first: were it last, a store wiped and marked again could pass between the two.
        async with _store_errors():
            marked = await self._redis.exists(FEDERATION_KEY)
        if not marked:
            raise StoreUnavailableError("the store holds no federation")
        clients = await self.members()
        if not clients >= known:
            raise StoreUnavailableError("the store has lost revocations")
        return clients


def _end_if_cancelled() -> None:
    """Ends a task whose cancellation a time limit of redis-py swallowed (Python 3.11)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

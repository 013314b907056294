"""The newest adapters in Redis."""

from typing import Any

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.codec import ADAPTER
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors, text
from pfi_coordinator.domain.state import AdapterVersion


class RedisServingIndex:
    """`pfi_coordinator.application.ports.serving_index.ServingIndex` on Redis.

    `hand_out.lua` and `save_step.lua` write what is read here.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def recent_runs(self, client: str) -> tuple[str, ...]:
        """See ServingIndex.recent_runs."""
        async with store_errors():
            found: Any = await self._redis.lrange(keys.client_runs(client), 0, -1)
        return tuple(map(text, found))

    async def last_published(self) -> str | None:
        """See ServingIndex.last_published."""
        async with store_errors():
            found = await self._redis.get(keys.LAST_PUBLISHED)
        return None if found is None else text(found)

    async def newest(self, run: str, line: str) -> AdapterVersion | None:
        """See ServingIndex.newest."""
        async with store_errors():
            newest: Any = await self._redis.hget(keys.newest(run), line)
        return None if newest is None else ADAPTER.validate_json(newest)

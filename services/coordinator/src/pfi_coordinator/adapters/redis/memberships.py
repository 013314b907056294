"""Which cluster a client belongs to, in Redis."""

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors, text


class RedisMemberships:
    """`pfi_coordinator.application.ports.memberships.Memberships` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def line_of(self, run: str, client: str) -> str | None:
        """See Memberships.line_of."""
        async with store_errors():
            line = await self._redis.hget(keys.members(run), client)
        return None if line is None else text(line)

"""What Redis says of itself, and the federation's marker in it."""

from typing import Any

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, fields, store_errors, text
from pfi_coordinator.domain.store_rules import StoreFacts, StoreMarker


class RedisStoreProbe:
    """`pfi_coordinator.application.ports.store_probe.StoreProbe` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def facts(self) -> StoreFacts:
        """See StoreProbe.facts."""
        async with store_errors():
            info: dict[str, Any] = await self._redis.info()
        return StoreFacts(
            version=str(info["redis_version"]),
            mode=str(info.get("redis_mode", "standalone")),
            append_only=bool(int(info.get("aof_enabled", 0))),
            eviction=str(info.get("maxmemory_policy", "noeviction")),
        )

    async def marker(self) -> StoreMarker | None:
        """See StoreProbe.marker."""
        async with store_errors():
            found = await self._redis.hgetall(keys.FEDERATION)
        if not found:
            return None
        values = {text(name): text(value) for name, value in found.items()}
        return StoreMarker(values["authority"], values["version"])

    async def mark(self, marker: StoreMarker) -> None:
        """See StoreProbe.mark."""
        content = {"authority": marker.authority, "version": marker.version}
        async with store_errors():
            await self._redis.hset(keys.FEDERATION, mapping=fields(content))

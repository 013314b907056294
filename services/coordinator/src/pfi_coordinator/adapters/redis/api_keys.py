"""API keys in Redis."""

from datetime import datetime

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, fields, store_errors, text
from pfi_coordinator.application.ports.api_keys import ApiKey
from pfi_coordinator.domain.scopes import Scope


class RedisApiKeyStore:
    """`pfi_coordinator.application.ports.api_keys.ApiKeyStore` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def put(self, key: ApiKey) -> None:
        """See ApiKeyStore.put."""
        columns = {
            "name": key.name,
            "secret_sha256": key.secret_sha256,
            "scopes": " ".join(sorted(key.scopes)),
            "created_at": key.created_at.isoformat(),
        }
        async with store_errors():
            await self._redis.hset(keys.api_key(key.key), mapping=fields(columns))

    async def get(self, key: str) -> ApiKey | None:
        """See ApiKeyStore.get."""
        async with store_errors():
            columns = await self._redis.hgetall(keys.api_key(key))
        if not columns:
            return None
        values = {text(name): text(value) for name, value in columns.items()}
        return ApiKey(
            key=key,
            name=values["name"],
            secret_sha256=values["secret_sha256"],
            scopes=frozenset(map(Scope, values["scopes"].split())),
            created_at=datetime.fromisoformat(values["created_at"]),
        )

"""Counted rounds in Redis."""

from collections.abc import Collection, Mapping
from typing import Any

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors
from pfi_coordinator.adapters.redis.scripts import Argument, Script

_BATCH = 1000
"""Clients in one run of the script, so that none holds the server for long."""


class RedisCountedRounds:
    """`pfi_coordinator.application.ports.counted_rounds.CountedRounds` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._note = Script(redis, "note_counted")

    async def note(self, run: str, line: str, number: int, clients: Collection[str]) -> None:
        """See CountedRounds.note."""
        counted = sorted(clients)
        for start in range(0, len(counted), _BATCH):
            arguments: list[Argument] = [number, *counted[start : start + _BATCH]]
            await self._note([keys.counted(run, line)], arguments)

    async def last(self, run: str, line: str, clients: Collection[str]) -> Mapping[str, int]:
        """See CountedRounds.last."""
        asked = sorted(clients)
        if not asked:
            return {}
        async with store_errors():
            found: list[Any] = await self._redis.hmget(keys.counted(run, line), asked)
        return {
            client: int(number)
            for client, number in zip(asked, found, strict=True)
            if number is not None
        }

"""Sketches of probe rounds in Redis."""

import struct
from typing import Any

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors, text
from pfi_coordinator.application.ports.sketch_store import Sketches

_NUMBER_BYTES = 4
_FORGOTTEN_SECONDS = 30 * 86_400
"""Sketches of a run that nobody drives any more are not kept for ever."""


class RedisSketchStore:
    """`pfi_coordinator.application.ports.sketch_store.SketchStore` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def put(self, run: str, sketches: Sketches) -> None:
        """See SketchStore.put."""
        key = keys.sketches(run)
        packed: Any = {client: _pack(sketch) for client, sketch in sketches.items()}
        async with store_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(key)
            if packed:
                pipeline.hset(key, mapping=packed)
                pipeline.expire(key, _FORGOTTEN_SECONDS)
            await pipeline.execute()

    async def get(self, run: str) -> Sketches:
        """See SketchStore.get."""
        async with store_errors():
            found: Any = await self._redis.hgetall(keys.sketches(run))
        return {text(client): _unpack(packed) for client, packed in sorted(found.items())}

    async def delete(self, run: str) -> None:
        """See SketchStore.delete."""
        async with store_errors():
            await self._redis.delete(keys.sketches(run))


def _pack(sketch: tuple[float, ...]) -> bytes:
    return struct.pack(f"<{len(sketch)}f", *sketch)


def _unpack(packed: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(packed) // _NUMBER_BYTES}f", packed)

"""How often and how lately exports were ordered, in Redis."""

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors

REORDER_SECONDS = 30
"""How long a worker has before its order is sent again."""

_FORGOTTEN_SECONDS = 3600


class RedisExportLedger:
    """`pfi_coordinator.application.ports.export_queue.ExportLedger` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def order(self, adapter_digest: str) -> int | None:
        """See ExportLedger.order."""
        orders = keys.export_orders(adapter_digest)
        async with store_errors():
            claim = keys.export_claim(adapter_digest)
            if not await self._redis.set(claim, 1, nx=True, ex=REORDER_SECONDS):
                return None
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.incr(orders)
                pipeline.expire(orders, _FORGOTTEN_SECONDS)
                count, _ = await pipeline.execute()
        return int(count)

    async def clear(self, adapter_digest: str) -> None:
        """See ExportLedger.clear."""
        async with store_errors():
            await self._redis.delete(
                keys.export_orders(adapter_digest), keys.export_claim(adapter_digest)
            )

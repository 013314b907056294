"""Nonces of renewals in Redis."""

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors
from pfi_coordinator.domain.enrolment import CHALLENGE_LIFETIME


class RedisChallengeStore:
    """`pfi_coordinator.application.ports.challenge_store.ChallengeStore` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def put(self, nonce: bytes) -> None:
        """See ChallengeStore.put."""
        async with store_errors():
            await self._redis.set(keys.nonce(nonce), 1, px=CHALLENGE_LIFETIME)

    async def take(self, nonce: bytes) -> bool:
        """See ChallengeStore.take."""
        async with store_errors():
            return bool(await self._redis.delete(keys.nonce(nonce)))

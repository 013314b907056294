"""The leader's lease and fencing tokens in Redis."""

from typing import cast

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors
from pfi_coordinator.adapters.redis.scripts import Script

LEASE_SECONDS = 5.0
"""How long a lease lasts without being renewed."""


class RedisLeadership:
    """`pfi_coordinator.application.ports.leadership.Leadership` on Redis."""

    def __init__(self, redis: RedisClient, lease_seconds: float = LEASE_SECONDS) -> None:
        self._redis = redis
        self._milliseconds = int(lease_seconds * 1000)
        self._acquire = Script(redis, "acquire_lease")
        self._renew = Script(redis, "renew_lease")
        self._token = Script(redis, "next_token")

    async def acquire(self, replica: str, holder: str) -> bool:
        """See Leadership.acquire."""
        return bool(await self._acquire([keys.LEADER], [replica, holder, self._milliseconds]))

    async def renew(self, replica: str, holder: str) -> bool:
        """See Leadership.renew."""
        return bool(await self._renew([keys.LEADER], [f"{replica}|{holder}", self._milliseconds]))

    async def release(self, replica: str, holder: str) -> None:
        """See Leadership.release."""
        await self._renew([keys.LEADER], [f"{replica}|{holder}", 0])

    async def incarnation(self) -> str:
        """See Leadership.incarnation."""
        async with store_errors():
            info = await self._redis.info("server")
        return str(info["run_id"])

    async def next_token(self, floor: int) -> int:
        """See Leadership.next_token."""
        return cast("int", await self._token([keys.LEADER_TOKEN], [floor]))

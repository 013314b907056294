"""What every store of revocations promises, and what following the real one promises."""

import asyncio
import logging
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from tests.support.clock import ManualClock
from tests.support.coordinator.members import MemoryRevocations
from tests.support.coordinator.memory import Memory
from tests.support.grpc_server import eventually

from pfi_common.errors import (
    ClientRevokedError,
    RevocationListStaleError,
    StoreUnavailableError,
)
from pfi_common.identity import RevocationList, redis_revocations
from pfi_common.identity.redis_revocations import (
    FEDERATION_KEY,
    KEY,
    REASONS_KEY,
    RedisRevocations,
)

pytestmark = pytest.mark.integration


def connect(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=30, retry=Retry(NoBackoff(), 0))


@pytest_asyncio.fixture(params=["memory", "redis"])
async def revocations(request):
    if request.param == "memory":
        yield MemoryRevocations(Memory())
        return
    async with connect(request.getfixturevalue("redis_url")) as redis:
        yield RedisRevocations(redis)


async def test_nobody_is_revoked_at_first(revocations):
    assert await revocations.members() == set()


async def test_the_revoked_are_members(revocations):
    await revocations.add("c-1", "lost device")
    await revocations.add("c-2", "left")
    assert await revocations.members() == {"c-1", "c-2"}


async def test_revoking_twice_is_revoking_once(revocations):
    await revocations.add("c-1", "lost device")
    await revocations.add("c-1", "again")
    assert await revocations.members() == {"c-1"}


async def test_the_first_reason_stays(redis_url):
    async with connect(redis_url) as redis:
        await RedisRevocations(redis).add("c-1", "lost device")
        await RedisRevocations(redis).add("c-1", "again")
        assert await redis.hget(REASONS_KEY, "c-1") == b"lost device"


async def test_answers_may_be_text(redis_url):
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        await RedisRevocations(redis).add("c-1", "lost device")
        assert await RedisRevocations(redis).members() == {"c-1"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest_asyncio.fixture
async def follow(clock):
    """Connects to a store, follows it and gives the connection and the list."""
    async with AsyncExitStack() as ending:

        async def start(url: str, *, marked: bool = True) -> tuple[Redis, RevocationList]:
            redis = await ending.enter_async_context(connect(url))
            if marked:
                await redis.hset(FEDERATION_KEY, "authority", "test")
            followed = RevocationList(clock)
            await ending.enter_async_context(following(redis, followed))
            return redis, followed

        yield start


@asynccontextmanager
async def following(redis: Redis, followed: RevocationList):
    """Follows a store; ends before the connection closes, which a late read would open again."""
    task = asyncio.create_task(RedisRevocations(redis).follow(followed, 0.01))
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_follower_learns_of_a_revocation_by_another_process(redis_url, follow):
    _, followed = await follow(redis_url)
    await eventually(lambda: not followed.stale())
    followed.check("c-1")
    changed = asyncio.create_task(followed.wait_for_change())
    async with connect(redis_url) as theirs:
        await RedisRevocations(theirs).add("c-1", "lost device")
    await asyncio.wait_for(changed, 60)
    with pytest.raises(ClientRevokedError):
        followed.check("c-1")


async def test_a_follower_outlives_redis_and_its_list_ages(own_redis, follow, clock, caplog):
    redis, followed = await follow(own_redis.url)
    await RedisRevocations(redis).add("c-1", "lost device")
    await eventually(lambda: followed.revoked("c-1"))
    own_redis.stop()
    await eventually(lambda: unreadable(caplog) == 1)
    with pytest.raises(StoreUnavailableError):
        await RedisRevocations(redis).members()
    with pytest.raises(StoreUnavailableError):
        await RedisRevocations(redis).add("c-2", "left")
    clock.advance(601)
    with pytest.raises(RevocationListStaleError):
        followed.check("c-2")
    own_redis.start()
    await eventually(lambda: not followed.stale())
    followed.check("c-2")
    assert unreadable(caplog) == 1


async def test_a_store_that_forgot_a_revocation_is_not_believed(redis_url, follow, clock, caplog):
    redis, followed = await follow(redis_url)
    await RedisRevocations(redis).add("c-1", "lost device")
    await eventually(lambda: followed.revoked("c-1"))
    await redis.delete(KEY)
    await eventually(lambda: unreadable(caplog) == 1)
    with pytest.raises(ClientRevokedError):
        followed.check("c-1")
    clock.advance(601)
    with pytest.raises(RevocationListStaleError):
        followed.check("c-2")


async def test_a_store_without_a_federation_is_not_believed(redis_url, follow, caplog):
    redis, followed = await follow(redis_url, marked=False)
    await eventually(lambda: unreadable(caplog) == 1)
    with pytest.raises(RevocationListStaleError):
        followed.check("c-1")
    await redis.hset(FEDERATION_KEY, "authority", "test")
    await eventually(lambda: not followed.stale())
    followed.check("c-1")


async def test_a_store_that_hangs_is_unavailable(monkeypatch):
    monkeypatch.setattr(redis_revocations, "_CALL_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        async with Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis:
            with pytest.raises(StoreUnavailableError):
                await RedisRevocations(redis).members()
            with pytest.raises(StoreUnavailableError):
                await RedisRevocations(redis).add("c-1", "left")


def unreadable(caplog) -> int:
    """How often it was logged that the list cannot be read."""
    return sum(record.getMessage() == "revocation_list_unreadable" for record in caplog.records)


@pytest.fixture(autouse=True)
def hear_our_events(caplog):
    caplog.set_level(logging.INFO, "pfi")


async def test_a_follower_ends_although_its_cancellation_was_swallowed(clock):
    class Deaf(RedisRevocations):
        async def members(self):
            with suppress(asyncio.CancelledError):
                begun.set()
                await asyncio.Event().wait()
            return set()

        async def _members_since(self, known):
            return await self.members()

    begun = asyncio.Event()
    following = asyncio.create_task(Deaf(Redis()).follow(RevocationList(clock), 60.0))
    await asyncio.wait_for(begun.wait(), 60)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(following, 60)

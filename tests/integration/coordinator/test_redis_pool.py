"""More calls than connections: they wait for each other, and none is lost."""

import asyncio

from redis.exceptions import ConnectionError as RedisConnectionError

from pfi_coordinator.adapters.redis.connection import connect, store_errors

CALLS = 500


async def test_hundreds_of_calls_at_once_are_all_answered(redis_url):
    redis = connect(redis_url)

    async def count() -> int:
        async with store_errors():
            return await redis.incr("count")

    answers = await asyncio.gather(*(count() for _ in range(CALLS)))
    assert sorted(answers) == list(range(1, CALLS + 1))
    assert (await redis.info("clients"))["connected_clients"] < CALLS / 10
    await redis.aclose()


async def test_cancelled_calls_take_no_connection_with_them(redis_url):
    redis = connect(redis_url)

    async def block() -> None:
        await redis.xread({"nothing": "$"}, block=60_000)

    for _ in range(3):
        waiting = [asyncio.create_task(block()) for _ in range(CALLS // 10)]
        await asyncio.wait(waiting, timeout=0.05)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(60):
        assert await asyncio.gather(*(redis.ping() for _ in range(CALLS))) == [True] * CALLS
    await redis.aclose()


async def test_connections_that_cannot_be_opened_are_not_counted(own_redis):
    redis = connect(own_redis.url)
    own_redis.stop()
    failed = await asyncio.gather(*(redis.ping() for _ in range(100)), return_exceptions=True)
    assert all(isinstance(error, RedisConnectionError | OSError) for error in failed)
    own_redis.start()
    async with asyncio.timeout(60):
        assert await asyncio.gather(*(redis.ping() for _ in range(100))) == [True] * 100
    await redis.aclose()

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from pfi_common.errors import StoreUnavailableError, StoreUnsuitableError
from pfi_coordinator.adapters.celery_producer import broker_url_of
from pfi_coordinator.adapters.redis.connection import connect, store_errors


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://a:1,b:2/main",
        "sentinel://a:1/main",
        "redis-cluster://a:1",
        "redis://a:1,b:2",
        "http://localhost",
        "localhost:6379",
        "",
    ],
)
def test_only_single_servers_are_taken(url):
    with pytest.raises(StoreUnsuitableError):
        connect(url)


@pytest.mark.parametrize("url", ["unix:///run/r.sock", "redis://localhost:1", "rediss://host:1/0"])
async def test_single_servers_are_taken(url):
    await connect(url).aclose()


@pytest.mark.parametrize(
    "error",
    [
        RedisConnectionError("refused"),
        ResponseError("MISCONF Redis is configured to save RDB snapshots"),
        ResponseError("OOM command not allowed"),
        TimeoutError(),
        OSError("gone"),
    ],
)
async def test_errors_of_a_server_that_is_away_are_typed(error):
    with pytest.raises(StoreUnavailableError):
        async with store_errors():
            raise error


async def test_errors_of_ours_are_not_hidden():
    with pytest.raises(ResponseError):
        async with store_errors():
            raise ResponseError("ERR wrong number of arguments")
    with pytest.raises(asyncio.CancelledError):
        async with store_errors():
            raise asyncio.CancelledError


def test_celery_names_unix_sockets_differently():
    assert broker_url_of("unix:///run/redis.sock") == "redis+socket:///run/redis.sock"
    assert broker_url_of("rediss://host:1/0") == "rediss://host:1/0"

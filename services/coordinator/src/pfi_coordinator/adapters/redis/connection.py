"""The connection to Redis, and its errors as ours."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from pfi_common.errors import StoreUnavailableError, StoreUnsuitableError
from pfi_coordinator.adapters.redis.pool import WaitingPool

RedisClient = Redis
"""The client that every adapter takes."""

BLOCK_SECONDS = 2.0
"""How long a blocking read waits; below the limit of a call."""

_CALL_SECONDS = 6.0
"""How long a call may take, the client's own repeats included."""

_SCHEMES = {"redis", "rediss", "unix"}
_REFUSED = {"sentinel", "redis+sentinel", "rediss+sentinel", "redis-cluster", "redis+cluster"}


def connect(url: str) -> RedisClient:
    """Makes a client for one Redis server; nothing is sent yet.

    Commands are repeated a few times within half a second when the connection breaks: every write
    here may be repeated.

    Raises:
        StoreUnsuitableError: The URL names a Sentinel, a cluster, or something else.
    """
    scheme = urlsplit(url).scheme
    if scheme in _REFUSED or url.count(",") > 0:
        raise StoreUnsuitableError(
            "REDIS_URL names a Sentinel or a cluster. Their failover discards acknowledged writes; "
            "give one server that is restarted in place."
        )
    if scheme not in _SCHEMES:
        raise StoreUnsuitableError(
            "REDIS_URL must begin with redis://, rediss:// or unix:// and name one server."
        )
    retry = Retry(ExponentialBackoff(cap=0.2, base=0.02), 3)
    # No time limit on the socket: with one, redis-py sends through asyncio.wait_for, which on
    # Python 3.11 may swallow a cancellation. `store_errors` limits whole calls instead.
    pool = WaitingPool.from_url(
        url, protocol=2, retry=retry, socket_timeout=None, socket_connect_timeout=2.0
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def store_errors() -> AsyncIterator[None]:
    """Limits the calls inside the block in time, and turns their errors into typed ones.

    Raises:
        StoreUnavailableError: Redis does not answer, or refuses writes for now.
    """
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            yield
    except (RedisConnectionError, RedisTimeoutError, BusyLoadingError, OSError, TimeoutError):
        raise StoreUnavailableError("Redis does not answer") from None
    except RedisError as error:
        kind = str(error).split(" ", 1)[0]
        if kind not in {"MISCONF", "OOM", "LOADING", "READONLY", "MASTERDOWN"}:
            raise
        raise StoreUnavailableError(f"Redis refuses writes for now ({kind})") from None


def fields(values: Mapping[str, object]) -> dict[Any, Any]:
    """Gives the fields of a hash or an entry, in the wide type that the client declares."""
    return dict(values)


def text(value: bytes | str | None) -> str:
    """Reads a reply as text; an absent one is empty."""
    if value is None:
        return ""
    return value.decode() if isinstance(value, bytes) else value

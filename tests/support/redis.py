"""Real Redis for tests: one server for the session, emptied for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # imported where they are used: some test environments have neither
    from collections.abc import Iterator
    from pathlib import Path

    from pfi_cli.local.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A running server that all tests share; a test that stops it takes `own_redis`."""
    from pfi_cli.local.redis_server import RedisServer

    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """URL of an empty real Redis (`unix://...`)."""
    empty_redis(redis_server.url)
    return redis_server.url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server for one test alone, which may stop, kill and start it."""
    from pfi_cli.local.redis_server import RedisServer

    with RedisServer(tmp_path / "redis") as server:
        yield server


def mark_federation(url: str, authority: str = "test") -> None:
    """Marks a store as a coordinator does, for services that run without one."""
    import redis

    with redis.Redis.from_url(url) as connection:
        connection.hsetnx("pfi:federation", "authority", authority)
        connection.hsetnx("pfi:federation", "version", "0")


def empty_redis(url: str) -> None:
    """Deletes everything, scripts too, so that NOSCRIPT is met as after a restart."""
    import redis

    with redis.Redis.from_url(url) as connection:
        connection.flushall()
        connection.script_flush()

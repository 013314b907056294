"""The sides of every contract suite: memory, and every real Redis server that is found."""

from collections.abc import AsyncIterator

import pytest
from tests.support.coordinator.ports import Ports, memory_ports, redis_ports
from tests.support.redis import redis_programs

from pfi_coordinator.adapters.redis.connection import connect

_IDS = ("redis", "second_redis", "third_redis")
_SERVERS = [
    pytest.param(program, marks=pytest.mark.integration, id=name)
    for name, program in zip(_IDS, redis_programs() or [None], strict=False)
]


@pytest.fixture(params=["memory", *_SERVERS])
async def ports(request: pytest.FixtureRequest) -> AsyncIterator[Ports]:
    if request.param == "memory":
        yield memory_ports()
        return
    redis = connect(request.getfixturevalue("redis_url_of")(request.param))
    yield redis_ports(redis)
    await redis.aclose()

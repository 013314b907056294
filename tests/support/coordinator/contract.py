"""The two sides of every contract suite: memory and a real Redis."""

from collections.abc import AsyncIterator

import pytest
from tests.support.coordinator.ports import Ports, memory_ports, redis_ports

from pfi_coordinator.adapters.redis.connection import connect


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def ports(request: pytest.FixtureRequest) -> AsyncIterator[Ports]:
    if request.param == "memory":
        yield memory_ports()
        return
    redis = connect(request.getfixturevalue("redis_url"))
    yield redis_ports(redis)
    await redis.aclose()

"""A real aggregator for each test."""

import pytest
from tests.support.aggregator.server import Site


@pytest.fixture
def site(tmp_path, redis_url) -> Site:
    return Site.make(tmp_path, redis_url)


@pytest.fixture
async def running(site):
    async with site.running() as made:
        yield made


@pytest.fixture
async def leader(running):
    return await running.leader()

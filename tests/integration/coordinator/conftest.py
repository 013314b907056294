import pytest
from tests.support.coordinator.site import Site


@pytest.fixture
def site(tmp_path, redis_url) -> Site:
    return Site.make(tmp_path, redis_url)


@pytest.fixture
async def coordinator(site):
    """A coordinator without an aggregator."""
    async with site.coordinator(aggregators={"spool-0": "127.0.0.1:9"}) as running:
        yield running

"""StoreProbe and ExportQueue, in memory and on Redis."""

import asyncio
import base64
import json

import pytest
from tests.support.coordinator.exports import MemoryExportQueue
from tests.support.coordinator.stores import MemoryStoreProbe

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.adapters.celery_exports import QUEUE, CeleryExportQueue
from pfi_coordinator.adapters.celery_producer import CeleryProducer, broker_url_of
from pfi_coordinator.adapters.redis.connection import connect
from pfi_coordinator.adapters.redis.store_probe import RedisStoreProbe
from pfi_coordinator.application.ports.export_queue import ExportOrder
from pfi_coordinator.domain.store_rules import StoreMarker, version_key

ORDER = ExportOrder("a" * 64, "5" * 64, "tiny", "")
BOTH = ["memory", pytest.param("redis", marks=pytest.mark.integration)]


@pytest.fixture(params=BOTH)
async def probe(request):
    if request.param == "memory":
        yield MemoryStoreProbe()
        return
    redis = connect(request.getfixturevalue("redis_url"))
    yield RedisStoreProbe(redis)
    await redis.aclose()


async def test_the_marker_is_kept(probe):
    assert await probe.marker() is None
    await probe.mark(StoreMarker("f" * 64, "6.2.14"))
    await probe.mark(StoreMarker("f" * 64, "7.0.15"))
    assert await probe.marker() == StoreMarker("f" * 64, "7.0.15")


async def test_the_server_says_what_it_is(probe):
    facts = await probe.facts()
    assert version_key(facts.version) >= (6, 2)
    assert (facts.mode, facts.append_only, facts.eviction) == ("standalone", True, "noeviction")


@pytest.fixture(params=BOTH)
async def queue(request):
    """A queue, and what reads the orders back."""
    if request.param == "memory":
        made = MemoryExportQueue()

        async def orders():
            return made.orders

        yield made, orders
        return
    url = request.getfixturevalue("redis_url")
    redis = connect(url)

    async def queued():
        messages = [json.loads(item) for item in await redis.lrange(QUEUE, 0, -1)]
        bodies = [json.loads(base64.b64decode(item["body"])) for item in reversed(messages)]
        assert all(item["headers"]["task"] == "pfi.export_adapter" for item in messages)
        return [ExportOrder(**body[1]) for body in bodies]

    yield CeleryExportQueue(CeleryProducer(broker_url_of(url))), queued
    await redis.aclose()


async def test_orders_are_queued(queue):
    sender, orders = queue
    await sender.send(ORDER)
    await sender.send(ORDER)
    assert await orders() == [ORDER, ORDER]


@pytest.mark.integration
async def test_a_broker_that_is_away_is_unavailable(tmp_path):
    queue = CeleryExportQueue(CeleryProducer(f"redis+socket://{tmp_path}/absent.sock"))
    async with asyncio.timeout(60):
        with pytest.raises(StoreUnavailableError):
            await queue.send(ORDER)

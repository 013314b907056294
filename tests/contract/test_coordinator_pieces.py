"""PieceQueue, in memory and on a Celery broker."""

import base64
import json
from dataclasses import asdict

import pytest
from tests.support.coordinator.pieces import MemoryPieceQueue
from tests.support.coordinator.values import RUN

from pfi_coordinator.adapters.celery_pieces import TASK, CeleryPieceQueue
from pfi_coordinator.adapters.celery_producer import CeleryProducer, broker_url_of
from pfi_coordinator.adapters.redis.connection import connect
from pfi_coordinator.application.ports.piece_queue import PieceOrder

ORDERS = [PieceOrder(RUN, 2, 1, "cluster-1", piece, "spool-1") for piece in (0, 3)]


class MemorySide:
    """What was sent, as a worker would get it."""

    def __init__(self) -> None:
        self.queue = MemoryPieceQueue()

    async def received(self):
        return [(TASK, asdict(order)) for order in self.queue.orders]


class CelerySide:
    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self.queue = CeleryPieceQueue(CeleryProducer(broker_url_of(redis_url)))

    async def received(self):
        redis = connect(self._redis_url)
        messages = await redis.lrange("pfi.spool.spool-1", 0, -1)
        await redis.aclose()
        return [read(message) for message in reversed(messages)]


def read(message):
    envelope = json.loads(message)
    _, arguments, _ = json.loads(base64.b64decode(envelope["body"]))
    return envelope["headers"]["task"], arguments


@pytest.fixture(params=["memory", pytest.param("celery", marks=pytest.mark.integration)])
def side(request):
    if request.param == "memory":
        return MemorySide()
    return CelerySide(request.getfixturevalue("redis_url"))


async def test_orders_come_as_they_were_sent_on_the_queue_of_their_spool(side):
    for order in (*ORDERS, ORDERS[0]):
        await side.queue.send(order)
    expected = [(TASK, asdict(order)) for order in (*ORDERS, ORDERS[0])]
    assert await side.received() == expected

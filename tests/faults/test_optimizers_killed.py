"""The aggregator is killed while a server optimiser or a product of factors makes an adapter.

Adapter and optimiser state have the bits of a round that nothing happened to.
"""

import asyncio
from typing import Any

import pytest
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.round_scene import make_scene

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi_aggregator.domain.aggregation_rule import StackProduct, SvdProduct
from pfi_aggregator.domain.server_optimizer import Adagrad, Adam, Sgd, Yogi
from pfi_aggregator.failpoints import Failpoint

pytestmark = [pytest.mark.faults, pytest.mark.integration]

MOVES = [
    {"server_optimizer": Sgd(0.5, 0.9)},
    {"server_optimizer": Adam(0.01, 0.9, 0.99, 1e-3)},
    {"server_optimizer": Yogi(0.01, 0.9, 0.99, 1e-3)},
    {"server_optimizer": Adagrad(0.01, 0.9, 1e-3)},
    {"product": SvdProduct()},
    {"product": StackProduct()},
]
PLACES = (Failpoint.ADAPTER_STORED, Failpoint.OUTCOME_STORED)


@pytest.fixture
def make_aggregator(tmp_path, redis_url):
    federation, made = FederationFixture(tmp_path), []

    def make(name: str):
        made.append(AggregatorProcess(tmp_path / name, federation, redis_url))
        return federation, made[-1]

    yield make
    for aggregator in made:
        aggregator.stop()


async def collected(make_aggregator, name: str, moved: dict[str, Any], place=None):
    """A scene whose updates are all committed."""
    federation, aggregator = make_aggregator(name)
    scene = make_scene(federation, aggregator, clients=3, **moved)
    aggregator.start(place)
    await scene.begin()
    return scene, {item.task: await item.send(scene.target) for item in scene.senders}


def made(lineage: Lineage) -> tuple[str, str, float]:
    return (
        lineage.adapter.digest,
        lineage.optimizer_state_digest,
        lineage.report.discarded_energy,
    )


@pytest.mark.parametrize("moved", MOVES, ids=lambda moved: next(iter(moved.values())).name)
async def test_the_adapter_is_that_of_a_round_that_nothing_happened_to(make_aggregator, moved):
    scene, receipts = await collected(make_aggregator, "calm", moved)
    expected = made(await scene.check_counted(receipts))
    assert bool(expected[1]) == ("server_optimizer" in moved)
    for place in PLACES:
        scene, receipts = await collected(make_aggregator, place.value, moved, place)
        publishing = asyncio.create_task(scene.publish())
        await asyncio.to_thread(scene.aggregator.wait_until_killed, place)
        publishing.cancel()  # it would repeat itself a few times
        await asyncio.gather(publishing, return_exceptions=True)
        scene.aggregator.start()
        assert made(await scene.check_counted(receipts)) == expected

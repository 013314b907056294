"""Updates are committed in another order, and sent again and again, also at the same time."""

import asyncio
import random
from dataclasses import dataclass

import numpy as np
import pytest
from tests.support.aggregator.builders import make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.logs import read_events
from tests.support.faults.round_scene import RoundScene, make_scene

from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_aggregator.domain.aggregation_rule import (
    AggregationRule,
    KrumRule,
    MedianRule,
    StackProduct,
    SvdProduct,
    TrimmedMeanRule,
)
from pfi_common.errors import PlatformError

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SCHEMA = make_schema(inputs=20_000, outputs=20_000, rank=2)  # two ranges of coordinates
CLIENTS = 7
MOST_TIMES = 3
AT_ONCE = 6
COMBINED = {
    "mean": {},
    "median": {"rule": AggregationRule(MedianRule())},
    "trimmed-mean": {"rule": AggregationRule(TrimmedMeanRule(0.2))},
    "krum": {"rule": AggregationRule(KrumRule(attackers=1, selected=1))},
    "buckets": {"rule": AggregationRule(MedianRule(), bucket_size=2, bucket_seed=5)},
    "svd": {"product": SvdProduct()},
    "stack": {"product": StackProduct()},
}
BY_SVD = {"svd", "stack"}
QUICK = {"mean", "median", "svd"}


@dataclass(frozen=True)
class World:
    """One aggregator for all cases; each round has a run of its own."""

    federation: FederationFixture
    aggregator: AggregatorProcess

    async def open_round(self, run: str, how: str) -> RoundScene:
        scene = make_scene(
            self.federation, self.aggregator, CLIENTS, run=run, schema=SCHEMA, **COMBINED[how]
        )
        await scene.begin()
        return scene


@pytest.fixture(scope="module")
def world(tmp_path_factory, module_redis_url):
    folder = tmp_path_factory.mktemp("order")
    federation = FederationFixture(folder)
    aggregator = AggregatorProcess(folder / "aggregator", federation, module_redis_url)
    aggregator.start()
    yield World(federation, aggregator)
    aggregator.stop()


async def send_stormily(scene: RoundScene, randomness: random.Random) -> int:
    """Sends every update one to three times, in a random order, some at once; says how often.

    The last task is committed first. Of two calls with the same update the older one may be ended
    by the newer one.
    """
    calls = [item for item in scene.senders for _ in range(randomness.randint(1, MOST_TIMES))]
    randomness.shuffle(calls)
    places = asyncio.Semaphore(AT_ONCE)
    answers: dict[str, list[SignedStatement]] = {item.task: [] for item in scene.senders}

    async def send(sender):
        async with places:
            try:
                answers[sender.task].append(await sender.send(scene.target))
            except PlatformError as error:
                if not error.retryable:
                    raise

    await send(scene.senders[-1])
    await asyncio.gather(*map(send, calls))
    for sender in scene.senders:
        answers[sender.task].append(await sender.complete(scene.target))
        # Whichever call it came from, it is the same receipt.
        assert len({item.SerializeToString() for item in answers[sender.task]}) == 1
    return 1 + len(calls)


def commit_order(scene: RoundScene) -> list[str]:
    """Tasks in the order of their commits, as the aggregator logged them."""
    tasks = {item.task for item in scene.senders}
    events = read_events(scene.aggregator.log, "update_committed")
    return [event["task"] for event in events if event["task"] in tasks]


async def published(scene: RoundScene, digest: str) -> np.ndarray:
    return np.frombuffer(await scene.leader.download(scene.target, digest), dtype="<f4")


@pytest.mark.parametrize(
    ("how", "seed"),
    [
        pytest.param(how, seed, marks=[] if seed == 0 and how in QUICK else [pytest.mark.slow])
        for how in COMBINED
        for seed in range(3)
    ],
)
async def test_duplicates_in_another_order(world, how, seed):
    calm = await world.open_round(f"r-calm-{how}-{seed}", how)
    receipts = {item.task: await item.send(calm.target) for item in calm.senders}
    assert commit_order(calm) == list(receipts)
    undisturbed = await calm.check_counted(receipts)

    stormy = await world.open_round(f"r-stormy-{how}-{seed}", how)
    calls = await send_stormily(stormy, random.Random(seed))
    order = commit_order(stormy)
    tasks = [item.task for item in stormy.senders]
    assert calls > CLIENTS
    assert order[0] == tasks[-1]
    assert sorted(order) == tasks
    again = {item.task: await item.complete(stormy.target) for item in stormy.senders}
    lineage = await stormy.check_counted(again)

    if how in BY_SVD:
        np.testing.assert_allclose(
            await published(stormy, lineage.adapter.digest),
            await published(calm, undisturbed.adapter.digest),
            rtol=1e-9,
        )
    else:
        assert lineage.adapter.digest == undisturbed.adapter.digest
    assert how != "mean" or lineage.adapter.digest == await stormy.expected()


async def test_duplicates_after_the_round_is_sealed(world):
    scene = await world.open_round("r-late", "mean")
    receipts = {item.task: await item.send(scene.target) for item in scene.senders}
    await scene.leader.seal(scene.target, scene.plan)
    repeated = await asyncio.gather(*(item.send(scene.target) for item in scene.senders))
    assert repeated == list(receipts.values())
    lineage = await scene.check(receipts)
    assert [item.task for item in lineage.counted] == sorted(receipts)
    assert len(commit_order(scene)) == CLIENTS

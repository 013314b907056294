"""The aggregator is killed again and again, whenever, while clients upload and the round ends."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from tests.support.aggregator.builders import make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.logs import read_events
from tests.support.faults.round_scene import make_scene

from pfi_common.errors import PlatformError

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SCHEMA = make_schema(inputs=20_000, outputs=20_000, rank=8)  # 1.2 MiB: two chunks
CLIENTS = 6
KILLS = 4
LONGEST_LIFE_SECONDS = 0.3


class Killer:
    """Kills and starts an aggregator, at times that a seed decides."""

    def __init__(self, aggregator: AggregatorProcess, seed: int) -> None:
        self.aggregator = aggregator
        self.randomness = random.Random(seed)
        self.kills = 0

    async def run(self) -> None:
        while self.kills < KILLS:
            await asyncio.sleep(self.randomness.uniform(0, LONGEST_LIFE_SECONDS))
            self.aggregator.kill()
            self.kills += 1
            await asyncio.to_thread(self.aggregator.start)


async def persistently(attempt: Callable[[], Awaitable]):
    """Repeats until it succeeds; the place is asked for anew every time."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await attempt()
            except FileNotFoundError:  # it is being started
                await asyncio.sleep(0.05)
            except PlatformError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(0.05)


@pytest.fixture
def aggregator_and_federation(tmp_path, redis_url):
    federation = FederationFixture(tmp_path)
    aggregator = AggregatorProcess(tmp_path / "aggregator", federation, redis_url)
    aggregator.start()
    yield aggregator, federation
    aggregator.stop()


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 15))]
)
async def test_killed_at_random(aggregator_and_federation, seed):
    aggregator, federation = aggregator_and_federation
    scene = make_scene(federation, aggregator, CLIENTS, schema=SCHEMA)
    await scene.begin()
    killer = Killer(aggregator, seed)
    killing = asyncio.create_task(killer.run())

    async def upload(sender, delay_seconds):
        await asyncio.sleep(delay_seconds)
        return await persistently(lambda: sender.complete(scene.target))

    delays = [killer.randomness.uniform(0, 3) for _ in scene.senders]
    receipts = await asyncio.gather(*map(upload, scene.senders, delays))
    await persistently(lambda: scene.leader.seal(scene.target, scene.plan))
    await persistently(lambda: scene.leader.finalize(scene.target, scene.plan))
    await killing
    assert killer.kills == KILLS
    assert len(read_events(aggregator.log, "spool_recovered")) == KILLS + 1
    await scene.check(dict(zip([item.task for item in scene.senders], receipts, strict=True)))

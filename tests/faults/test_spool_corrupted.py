"""Bytes of committed updates change on the disk: found by name, nothing published, nothing lost."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.aggregator.builders import make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.pieces import reduce_pieces
from tests.support.faults.round_scene import RoundScene, make_scene

from pfi_aggregator.domain.aggregation_rule import AggregationRule, MedianRule
from pfi_common.errors import ArtifactCorruptError

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SCHEMA = make_schema(inputs=20_000, outputs=20_000, rank=2)
CLIENTS = 3
MAGIC_BYTES = SIZE_BYTES = 8
COMBINED = {"mean": {}, "median": {"rule": AggregationRule(MedianRule())}}

Damage = Callable[[bytearray, random.Random], None]


def flip(data: bytearray, start: int, stop: int, randomness: random.Random) -> None:
    """Turns one bit of a range."""
    data[randomness.randrange(start, stop)] ^= 1 << randomness.randrange(8)


def in_payload(data: bytearray, randomness: random.Random) -> None:
    flip(data, 0, 4 * SCHEMA.coordinate_count, randomness)


def in_record(data: bytearray, randomness: random.Random) -> None:
    flip(data, 4 * SCHEMA.coordinate_count, len(data) - SIZE_BYTES - MAGIC_BYTES, randomness)


def in_size(data: bytearray, randomness: random.Random) -> None:
    flip(data, len(data) - SIZE_BYTES - MAGIC_BYTES, len(data) - MAGIC_BYTES, randomness)


def in_magic(data: bytearray, randomness: random.Random) -> None:
    flip(data, len(data) - MAGIC_BYTES, len(data), randomness)


def at_the_end(data: bytearray, randomness: random.Random) -> None:
    del data[randomness.randrange(len(data)) :]


def swapped_halves(data: bytearray, _: random.Random) -> None:
    """Blocks of the payload in another place: each of them decrypts to something finite."""
    half = 2 * SCHEMA.coordinate_count
    data[: 2 * half] = data[half : 2 * half] + data[:half]


DAMAGES = (in_payload, in_record, in_size, in_magic, at_the_end, swapped_halves)
CASES = [(how, damage) for how in COMBINED for damage in DAMAGES]


class World:
    """One aggregator; each case has a run of its own."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.federation = FederationFixture(folder)
        self.aggregator = AggregatorProcess(folder / "aggregator", self.federation, redis_url)

    def scene(self, how: str, damage: Damage, attempt: int = 1) -> RoundScene:
        return make_scene(
            self.federation, self.aggregator, CLIENTS, run=f"r-{how}-{damage.__name__}",
            attempt=attempt, schema=SCHEMA, **COMBINED[how],
        )  # fmt: skip

    async def send_all(self) -> None:
        """Commits the updates of every case."""
        for how, damage in CASES:
            scene = self.scene(how, damage)
            await scene.begin()
            for sender in scene.senders:
                await sender.send(scene.target)

    def spoil_all(self, seed: int) -> None:
        """Damages one committed file of every case."""
        for how, damage in CASES:
            scene = self.scene(how, damage)
            victim = scene.senders[seed % CLIENTS].task
            spoil(scene.committed()[victim], damage, seed)


@pytest.fixture(
    scope="module",
    params=[0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))],
)
def world(request, tmp_path_factory, module_redis_url):
    made = World(tmp_path_factory.mktemp("corrupted"), module_redis_url)
    made.aggregator.start()
    asyncio.run(made.send_all())
    made.aggregator.kill()  # so that nothing is known of the bytes but what the disk says
    made.spoil_all(request.param)
    made.aggregator.start()
    yield made
    made.aggregator.stop()


def spoil(path: Path, damage: Damage, seed: int) -> None:
    """Damages a committed file; it is another one afterwards."""
    data = bytearray(path.read_bytes())
    before = bytes(data)
    damage(data, random.Random(seed))
    path.chmod(0o600)
    path.write_bytes(data)
    assert path.read_bytes() != before


async def publish(scene: RoundScene) -> None:
    """Goes on to a published adapter as coordinator and worker do."""
    sealed = await scene.leader.sealed(scene.target, scene.plan)
    await reduce_pieces(scene.aggregator, scene.plan.key, sealed.reduction_pieces)
    await scene.leader.finalize(scene.target, scene.plan)


@pytest.mark.parametrize(("how", "damage"), CASES)
async def test_a_committed_file_is_damaged(world, how, damage):
    scene = world.scene(how, damage)
    with pytest.raises(ArtifactCorruptError):
        await publish(scene)
    assert not scene.pointer.exists()
    await scene.leader.abort(scene.target, scene.plan)

    again = world.scene(how, damage, attempt=2)
    await again.leader.open(again.target, again.plan)
    receipts = {item.task: await item.send(again.target) for item in again.senders}
    lineage = await again.check_counted(receipts)
    assert how != "mean" or lineage.adapter.digest == await again.expected()

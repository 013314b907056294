"""The connection of an upload breaks at an exact byte: in or between chunks, or in the answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.support.aggregator.builders import make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.committed_files import partial_in
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.proxy import Action, FaultProxy
from tests.support.faults.round_scene import RoundScene, make_scene
from tests.support.grpc_server import eventually

from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import ClientRevokedError, ServiceUnavailableError
from pfi_common.identity.redis_revocations import RedisRevocations
from pfi_common.rpc.options import CHUNK_BYTES

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SCHEMA = make_schema(inputs=40_000, outputs=40_000, rank=8)  # 2.4 MiB: three chunks
PAYLOAD_BYTES = 4 * SCHEMA.coordinate_count
OVERHEAD_BYTES = 64 << 10
"""More than handshake, headers and framing of one call take."""


@dataclass(frozen=True)
class World:
    """One aggregator for all cases; each has a run of its own."""

    federation: FederationFixture
    aggregator: AggregatorProcess

    async def open_round(self, run: str, clients: int = 1) -> RoundScene:
        scene = make_scene(self.federation, self.aggregator, clients, run=run, schema=SCHEMA)
        await scene.begin()
        return scene


@pytest.fixture(scope="module")
def world(tmp_path_factory, module_redis_url):
    folder = tmp_path_factory.mktemp("cut")
    federation = FederationFixture(folder)
    aggregator = AggregatorProcess(folder / "aggregator", federation, module_redis_url)
    aggregator.start()
    yield World(federation, aggregator)
    aggregator.stop()


@pytest.fixture
def proxy(world):
    with FaultProxy(world.aggregator.target) as running:
        yield running


def sizes_of(files: Mapping[str, Path]) -> list[int]:
    return [path.stat().st_size for path in files.values()]


@pytest.mark.parametrize(
    "after_bytes",
    [OVERHEAD_BYTES, CHUNK_BYTES - OVERHEAD_BYTES, 2 * CHUNK_BYTES, PAYLOAD_BYTES - 1],
)
async def test_cut_in_an_upload(world, proxy, after_bytes):
    scene = await world.open_round(f"r-cut-{after_bytes}")
    (sender,) = scene.senders
    proxy.arm(Action.RESET, after_bytes)
    with pytest.raises(ServiceUnavailableError):
        await sender.send(proxy.address)
    assert proxy.wait_until_struck().sent_bytes == after_bytes < PAYLOAD_BYTES
    assert not scene.committed()

    offset = await sender.status(scene.target)
    assert offset % CHUNK_BYTES == 0
    assert offset <= after_bytes
    receipt = await sender.send(proxy.address, offset)
    # Nothing that was stored is sent again.
    assert proxy.connections[-1].sent_bytes <= PAYLOAD_BYTES - offset + OVERHEAD_BYTES
    await scene.check({sender.task: receipt})


async def test_the_answer_is_lost(world, proxy):
    scene = await world.open_round("r-deaf")
    (sender,) = scene.senders
    # So late that the rest fits into the window that the server has granted.
    proxy.arm(Action.DEAFEN, PAYLOAD_BYTES - 1)
    sending = asyncio.create_task(sender.send(proxy.address))
    connection = await asyncio.to_thread(proxy.wait_until_struck)
    log = world.aggregator.log
    await asyncio.to_thread(wait_for_event, log, "update_committed", task=sender.task)
    assert not sending.done()
    proxy.reset(connection)
    with pytest.raises(ServiceUnavailableError):
        await sending
    # The client cannot know that it is counted; whatever it does now, it counts once.
    receipt = await sender.status(scene.target)
    assert isinstance(receipt, SignedStatement)
    assert await sender.send(scene.target) == receipt
    assert len(read_events(log, "update_committed", task=sender.task)) == 1
    await scene.check({sender.task: receipt})


async def test_a_second_call_takes_over_from_a_half_dead_connection(world, proxy):
    scene = await world.open_round("r-stalled")
    (sender,) = scene.senders
    proxy.arm(Action.HOLD, CHUNK_BYTES + CHUNK_BYTES // 2)
    stalled = asyncio.create_task(sender.send(proxy.address))
    await asyncio.to_thread(proxy.wait_until_struck)
    spool = world.aggregator.spool
    await eventually(lambda: sizes_of(partial_in(spool)) == [CHUNK_BYTES])
    (partial,) = partial_in(spool).values()
    assert not stalled.done()
    receipt = await sender.complete(scene.target)
    assert not partial.exists()
    stalled.cancel()
    await asyncio.gather(stalled, return_exceptions=True)
    await scene.check({sender.task: receipt})


async def test_a_broken_upload_does_not_touch_others(world, proxy):
    scene = await world.open_round("r-beside", clients=3)
    proxy.arm(Action.RESET, CHUNK_BYTES)
    broken, *others = scene.senders
    outcomes = await asyncio.gather(
        broken.send(proxy.address),
        *(item.send(scene.target) for item in others),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], ServiceUnavailableError)
    proxy.wait_until_struck()
    receipts = [await broken.complete(scene.target), *outcomes[1:]]
    await scene.check(dict(zip([item.task for item in scene.senders], receipts, strict=True)))


async def test_a_client_is_revoked_during_its_upload(world, redis_server):
    scene = await world.open_round("r-revoked", clients=2)
    victim, other = scene.senders
    stalled = asyncio.create_task(victim.send(scene.target, stall_after_chunks=1))
    spool = world.aggregator.spool
    await eventually(lambda: sizes_of(partial_in(spool)) == [CHUNK_BYTES])
    async with Redis.from_url(redis_server.url) as redis, asyncio.timeout(60):
        await RedisRevocations(redis).add(victim.identity.identity.name, "test")
        with pytest.raises(ClientRevokedError):
            await stalled
    with pytest.raises(ClientRevokedError):
        await victim.status(scene.target)
    await other.send(scene.target)
    assert set(scene.committed()) == {other.task}

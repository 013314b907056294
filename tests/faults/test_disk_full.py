"""The spool's volume is full, at every step of an upload and of a round.

Each time another process has taken the room. What is asked then fails with a typed error that says
when to try again; nothing is half counted; and once there is room, the same request works.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.aggregator.builders import make_schema, with_ticket
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.committed_files import partial_in
from tests.support.faults.round_scene import make_scene
from tests.support.faults.small_volume import small_volume

from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1.update_service_pb2_grpc import UpdateServiceStub
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import DiskFullError
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.chunks import iter_chunks
from pfi_common.rpc.errors import translated

pytestmark = [pytest.mark.faults, pytest.mark.integration]

VOLUME_BYTES = 48 << 20
RESERVE_BYTES = 16 << 20  # of SpoolIncoming
PAGE_BYTES = 4096
# 2.2 MB: three chunks; whole pages, so that a record needs another one
SCHEMA = make_schema(inputs=300_000, outputs=250_912, rank=1)
SECONDS = 60.0


@pytest.fixture
def volume(tmp_path):
    with small_volume(tmp_path / "volume", VOLUME_BYTES) as made:
        yield made


@pytest.fixture
def scene(tmp_path, redis_url, volume):
    federation = FederationFixture(tmp_path)
    aggregator = AggregatorProcess(tmp_path / "aggregator", federation, redis_url)
    aggregator.spool = volume.path / "spool"
    aggregator.start()
    yield make_scene(federation, aggregator, clients=2, schema=SCHEMA)
    aggregator.stop()


async def refused(call) -> None:
    """The error that a caller can do something with."""
    with pytest.raises(DiskFullError) as caught:
        await call
    assert caught.value.retryable
    assert 10 < caught.value.retry_after_seconds < 50


async def send_in_two_parts(sender, target: str, first_chunks: int, between) -> SignedStatement:
    """Sends some chunks, does something once they are stored, and sends the rest."""
    stored = asyncio.Event()

    async def messages() -> AsyncIterator[updates.UploadUpdateRequest]:
        yield updates.UploadUpdateRequest(header=with_ticket(sender.upload, sender.ticket))
        for number, chunk in enumerate(iter_chunks(memoryview(sender.upload.payload))):
            if number == first_chunks:
                await stored.wait()
            yield updates.UploadUpdateRequest(chunk=chunk)
        await stored.wait()

    async def when_stored() -> None:
        expected = min(first_chunks << 20, len(sender.upload.payload))
        async with asyncio.timeout(SECONDS):
            while await sender.status(target) != expected:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        between()
        stored.set()

    async with secure_channel(target, sender.identity) as channel:
        with translated():
            call = UpdateServiceStub(channel).UploadUpdate(messages(), timeout=60)
            waiting = asyncio.create_task(when_stored())
            response = await call
            await waiting
    return response.receipt


async def finish(scene, first_receipt: SignedStatement) -> None:
    """The other client's update, and the oracle."""
    first, second = scene.senders
    receipts = {first.task: first_receipt, second.task: await second.complete(scene.target)}
    await scene.check(receipts)


async def test_no_room_for_an_upload(scene, volume):
    await scene.begin()
    first, _ = scene.senders
    volume.fill(leave_bytes=RESERVE_BYTES + len(first.upload.payload) - (1 << 20))
    await refused(first.send(scene.target))
    assert not partial_in(scene.aggregator.spool)
    assert await first.status(scene.target) == 0
    volume.make_room()
    await finish(scene, await first.complete(scene.target))


@pytest.mark.parametrize("chunks", [1, 2, 3])
async def test_the_room_goes_while_an_update_is_sent(scene, volume, chunks):
    """After the first chunks, and (3) after the last byte, when the record is to be written."""
    await scene.begin()
    first, _ = scene.senders
    assert len(first.upload.payload) % PAGE_BYTES == 0
    await refused(send_in_two_parts(first, scene.target, chunks, volume.fill))
    assert not scene.committed()
    stored = await first.status(scene.target)
    assert stored >= min(chunks << 20, len(first.upload.payload))
    volume.make_room()
    await finish(scene, await first.complete(scene.target))


async def test_the_aggregator_is_killed_while_the_volume_is_full(scene, volume):
    await scene.begin()
    first, _ = scene.senders
    await refused(send_in_two_parts(first, scene.target, 2, volume.fill))
    scene.aggregator.kill()
    scene.aggregator.start()
    assert await first.status(scene.target) >= 2 << 20
    volume.make_room()
    await finish(scene, await first.complete(scene.target))


async def test_no_room_to_open_seal_finalize_and_settle(scene, volume):
    leader, target, plan = scene.leader, scene.target, scene.plan
    await leader.create_initial(target, plan)

    async def twice(ask):
        volume.fill()
        await refused(ask(target, plan))
        volume.make_room()
        return await ask(target, plan)

    await twice(leader.open)
    receipts = {sender.task: await sender.send(target) for sender in scene.senders}
    counted = await twice(leader.seal)
    assert [update.task for update in counted] == sorted(receipts)
    statement = await twice(leader.finalize)
    lineage = leader.lineage(statement)
    assert lineage.adapter.digest == await scene.expected()
    for sender in scene.senders:
        assert await sender.status(target) == receipts[sender.task]
    await twice(leader.settle)
    assert not scene.committed()
    assert leader.lineage(await leader.finalize(target, plan)) == lineage

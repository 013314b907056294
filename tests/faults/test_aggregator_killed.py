"""The aggregator is killed at every place between the last byte of an update and the next adapter.

Each case arms one failpoint, sees the process die there by SIGKILL with what the disk must hold
then, starts it again and goes on as clients and coordinator do.
"""

import asyncio

import pytest
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.committed_files import partial_in
from tests.support.faults.logs import read_events
from tests.support.faults.places import AHEAD, MERGING, UPLOADING
from tests.support.faults.round_scene import make_scene

from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_aggregator.failpoints import Failpoint
from pfi_common.errors import ServiceUnavailableError

pytestmark = [pytest.mark.faults, pytest.mark.integration]


@pytest.fixture
def scene(tmp_path, redis_url):
    federation = FederationFixture(tmp_path)
    aggregator = AggregatorProcess(tmp_path / "aggregator", federation, redis_url)
    yield make_scene(federation, aggregator, clients=3)
    aggregator.stop()


async def finish(scene, receipts):
    """The oracle, and then: the answers stay the same for ever, also from another process."""
    lineage = await scene.check(receipts)
    await scene.leader.settle(scene.target, scene.plan)
    scene.aggregator.kill()
    scene.aggregator.start()
    again = await scene.leader.finalize(scene.target, scene.plan)
    assert scene.leader.lineage(again) == lineage
    assert not scene.committed()


@pytest.mark.parametrize("place", UPLOADING)
async def test_killed_in_an_upload(scene, place):
    scene.aggregator.start(place)
    await scene.begin()
    first, *others = scene.senders
    with pytest.raises(ServiceUnavailableError):
        await first.send(scene.target)
    scene.aggregator.wait_until_killed(place)
    # Nothing was acknowledged; whether the update is committed is decided by the place alone.
    linked = place is not Failpoint.SPOOL_SYNCED
    assert set(scene.committed()) == ({first.task} if linked else set())
    assert len(partial_in(scene.aggregator.spool)) == (place is not Failpoint.RECEIPT_READY)

    scene.aggregator.start()
    status = await first.status(scene.target)
    assert isinstance(status, SignedStatement) if linked else status == len(first.upload.payload)
    receipts = {item.task: await item.complete(scene.target) for item in (first, *others)}
    assert await first.send(scene.target) == receipts[first.task]
    assert len(read_events(scene.aggregator.log, "update_committed", task=first.task)) <= 1
    await finish(scene, receipts)


async def test_killed_after_the_acknowledgement(scene):
    scene.aggregator.start()
    await scene.begin()
    first, *others = scene.senders
    receipts = {first.task: await first.send(scene.target)}
    scene.aggregator.kill()
    assert set(scene.committed()) == {first.task}

    scene.aggregator.start()
    receipts |= {item.task: await item.complete(scene.target) for item in others}
    assert await first.send(scene.target) == receipts[first.task]
    await finish(scene, receipts)


async def test_killed_while_updates_are_folded_ahead(scene):
    scene.aggregator.start(AHEAD)
    await scene.begin()
    sending = [asyncio.create_task(item.send(scene.target)) for item in scene.senders]
    await asyncio.to_thread(scene.aggregator.wait_until_killed, AHEAD)
    await asyncio.gather(*sending, return_exceptions=True)
    assert scene.committed()

    scene.aggregator.start()
    receipts = {item.task: await item.complete(scene.target) for item in scene.senders}
    await finish(scene, receipts)


@pytest.mark.parametrize("place", MERGING)
async def test_killed_in_a_merge(scene, place):
    scene.aggregator.start(place)
    await scene.begin()
    receipts = {item.task: await item.send(scene.target) for item in scene.senders}
    counted = await scene.leader.seal(scene.target, scene.plan)
    finalizing = asyncio.create_task(scene.leader.finalize(scene.target, scene.plan))
    await asyncio.to_thread(scene.aggregator.wait_until_killed, place)
    finalizing.cancel()  # it would repeat itself a few times
    await asyncio.gather(finalizing, return_exceptions=True)
    decided = place in {Failpoint.OUTCOME_STORED, Failpoint.POINTER_STORED}
    assert (scene.folder / ".outcome").exists() == decided
    assert scene.pointer.exists() == (place is Failpoint.POINTER_STORED)
    adapters = list((scene.aggregator.artifacts / "adapters").glob("*/*"))
    assert len(adapters) == (1 if place is Failpoint.DURING_FOLD else 2)

    scene.aggregator.start()
    assert await scene.leader.seal(scene.target, scene.plan) == counted
    await finish(scene, receipts)

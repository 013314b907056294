"""Interrupted uploads, restarts, and what has to be the same afterwards."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_schema
from tests.support.aggregator.server import Site, upload_requests

from pfi.aggregator.v1 import lineage_pb2, ticket_pb2
from pfi_aggregator.domain.round_plan import RoundPlan, SketchPlan
from pfi_aggregator.domain.server_optimizer import Adagrad, Adam, Sgd, Yogi
from pfi_common.errors import (
    ArtifactCorruptError,
    ServiceUnavailableError,
    SpoolLockedError,
    UpdateUnknownError,
)
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration
PLAN = make_plan(schema=make_schema(inputs=300_000, outputs=100_000, rank=2))  # 3.2 MB in fp32


async def interrupt(running, link, upload, ticket, bytes_sent: int) -> None:
    """Breaks the call off when the server has stored what was sent."""
    sent = asyncio.Event()

    async def requests():
        async for request in upload_requests(upload, ticket, end=bytes_sent):
            yield request
        sent.set()
        await asyncio.Event().wait()

    call = link.updates.UploadUpdate(requests(), timeout=60)
    await sent.wait()
    async with asyncio.timeout(60):
        while True:
            if (await link.status(upload, ticket)).resume_offset_bytes == bytes_sent:
                break
            await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_broken_stream_goes_on_where_it_stopped(running, leader):
    await leader.start(PLAN)
    link = await running.client()
    upload, ticket = running.make(PLAN, link)
    await interrupt(running, link, upload, ticket, 1_500_000)
    offset = (await link.status(upload, ticket)).resume_offset_bytes
    assert offset == 1_500_000
    receipt = await link.upload(upload, ticket, offset=offset)
    assert receipt.payload_sha256 == upload.header.payload_sha256
    assert len((await leader.seal()).counted) == 1


async def test_a_stalled_call_does_not_block_the_next(running, leader):
    await leader.start(PLAN)
    link = await running.client()
    upload, ticket = running.make(PLAN, link)
    sent = asyncio.Event()

    async def stalled():
        async for request in upload_requests(upload, ticket, end=1 << 20):
            yield request
        sent.set()
        await asyncio.Event().wait()

    older = link.updates.UploadUpdate(stalled(), timeout=60)
    await sent.wait()
    await link.upload(upload, ticket)
    assert "CHUNK_OUT_OF_ORDER" in str(await older.trailing_metadata()) or older.done()
    assert len((await leader.seal()).counted) == 1


async def test_uploads_and_receipts_survive_a_restart(site):
    async with site.running() as running:
        await (await running.leader()).start(PLAN)
        half, whole = await running.client(), await running.client("c-000000000002")
        first, second = running.make(PLAN, half), running.make(PLAN, whole)
        await interrupt(running, half, *first, 1_000_000)
        receipt = await whole.upload(*second)
    async with site.running() as running:
        half, whole = await running.link(half.identity), await running.link(whole.identity)
        status = await whole.status(*second)
        assert ticket_pb2.UpdateReceipt.FromString(status.receipt.payload) == receipt
        offset = (await half.status(*first)).resume_offset_bytes
        assert offset == 1_000_000
        await half.upload(*first, offset=offset)
        assert len((await (await running.leader()).seal()).counted) == 2


async def test_answers_survive_restarts_at_every_step(site):
    async with site.running() as running:
        leader = await running.leader()
        await leader.start(PLAN)
        link = await running.client()
        upload = running.make(PLAN, link)
        await link.upload(*upload)
        sealed = await leader.seal()
    async with site.running() as running:
        leader = await running.leader()
        assert await leader.seal() == sealed
        result = await leader.finalize()
    async with site.running() as running:
        leader = await running.leader()
        assert (await leader.finalize(), await leader.seal()) == (result, sealed)
        await leader.settle()
    async with site.running() as running:
        leader = await running.leader()
        assert (await leader.finalize(), await leader.seal()) == (result, sealed)
        await leader.settle()
        with pytest.raises(UpdateUnknownError):
            await (await running.link(link.identity)).status(*upload)


async def test_sketches_survive_a_restart(site):
    plan = make_plan(schema=make_schema(), sketch=SketchPlan(seed=7, dimensions=64))
    async with site.running() as running:
        leader = await running.leader()
        await leader.start(plan)
        for client in ("c-000000000002", "c-000000000001"):
            link = await running.client(client)
            await link.upload(*running.make(plan, link))
    async with site.running() as running:
        sealed = await (await running.leader()).seal()
    clients = [sketch.client for sketch in sealed.sketches]
    assert clients == ["c-000000000001", "c-000000000002"]
    assert {len(sketch.values) for sketch in sealed.sketches} == {64}
    async with site.running() as running:
        assert await (await running.leader()).seal() == sealed


@pytest.mark.parametrize(
    "optimizer",
    [
        Sgd(0.5, 0.9),
        Adam(0.01, 0.9, 0.99, 1e-3),
        Yogi(0.01, 0.9, 0.99, 1e-3),
        Adagrad(0.01, 0.9, 1e-3),
    ],
    ids=lambda optimizer: optimizer.name,
)
async def test_restarts_in_and_between_rounds_change_no_bit(tmp_path, redis_url, optimizer):
    calm = Site.make(tmp_path / "calm", redis_url)
    async with calm.running() as running:
        expected = [
            await collect(running, first := make_plan(optimizer=optimizer)),
            second := await merge(running, first),
            await collect(running, after(second, first)),
            await merge(running, after(second, first)),
        ]
    restless = Site.make(tmp_path / "restless", redis_url)
    plan = make_plan(optimizer=optimizer)
    seen = []
    for _ in range(2):
        for step in (collect, merge):
            async with restless.running() as running:
                seen.append(await step(running, plan))
        plan = after(seen[-1], plan)
    assert seen == expected


async def collect(running, plan) -> list[str]:
    """Opens a round, uploads, and seals it; gives the tasks that count."""
    leader = await running.leader()
    if plan.key.round == 1:
        await leader.start(plan)
    else:
        await leader.open(plan)
    for number in range(3):
        link = await running.client(f"c-{number:012}")
        await link.upload(*running.make(plan, link, seed=number + plan.key.round))
    return [update.task for update in (await leader.seal(plan.key)).counted]


async def merge(running, plan) -> tuple[bytes, str]:
    """Finalizes a round; gives the adapter and the digest of the optimiser's state."""
    response = await (await running.leader()).finalize(plan.key)
    lineage = lineage_pb2.Lineage.FromString(response.lineage.payload)
    link = await running.client()
    return await link.download(lineage.adapter.digest), lineage.optimizer_state_digest


def after(merged: tuple[bytes, str], plan: RoundPlan) -> RoundPlan:
    """The plan of the round that follows."""
    adapter, state_digest = merged
    return make_plan(
        replace(plan.key, round=plan.key.round + 1),
        optimizer=plan.server_optimizer,
        base=np.frombuffer(adapter, "<f4"),
        state_digest=state_digest,
    )


async def test_a_flipped_bit_in_the_spool_is_found_before_it_is_folded(site):
    async with site.running() as running:
        leader, link = await running.leader(), await running.client()
        await leader.start(PLAN)
        upload, ticket = running.make(PLAN, link)
        await link.upload(upload, ticket)
        await leader.seal()
    path = site.folder / "spool" / KEY.run / "1" / "1" / "global" / upload.ticket.task
    with path.open("r+b") as file:
        file.seek(2_000_003)
        byte = file.read(1)
        file.seek(2_000_003)
        file.write(bytes([byte[0] ^ 4]))
    async with site.running() as running:
        leader = await running.leader()
        with pytest.raises(ArtifactCorruptError) as caught:
            await leader.finalize()
        assert caught.value.details == {"task": upload.ticket.task}
        await leader.abort()


async def test_a_second_process_does_not_get_the_spool(site, running):
    with pytest.raises(SpoolLockedError):
        async with site.running():
            pass


async def test_gauges_follow_the_spool(running, leader):
    await leader.start(PLAN)
    link = await running.client()
    upload, ticket = running.make(PLAN, link)
    await interrupt(running, link, upload, ticket, 1_000_000)
    text = await running.metrics()
    assert "pfi_aggregator_open_rounds 1.0" in text
    assert "pfi_aggregator_partial_uploads 1.0" in text
    await link.upload(upload, ticket)
    await leader.seal()
    text = await running.metrics()
    assert "pfi_aggregator_open_rounds 0.0" in text
    assert "pfi_aggregator_updates_committed_total 1.0" in text


async def test_draining_ends_watches_and_lets_uploads_finish(running, leader):
    await leader.start(PLAN)
    link = await running.client()
    upload, ticket = running.make(PLAN, link)
    stream, draining = leader.watch(), asyncio.Event()
    await interrupt(running, link, upload, ticket, 1000)

    async def requests():
        async for request in upload_requests(upload, ticket):
            yield request
            await draining.wait()

    call = link.updates.UploadUpdate(requests(), timeout=60)
    reading = asyncio.create_task(stream.read())
    await link.status(upload, ticket)
    running.stop.set()
    with pytest.raises(ServiceUnavailableError), translated():
        await reading
    draining.set()
    assert (await call).receipt.payload

"""Whole rounds over mTLS."""

import asyncio
from itertools import permutations

import grpc
import numpy as np
import pytest
from tests.support.aggregator.builders import KEY, SEED, SPOOL, make_plan, make_schema
from tests.support.aggregator.server import TOKEN

from pfi.aggregator.v1 import lineage_pb2, round_service_pb2, ticket_pb2
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.server_optimizer import Adam
from pfi_common.errors import LeaderSupersededError, UpdateTooLateError
from pfi_common.tensors import INT8_BLOCK, decode, initial_adapter

pytestmark = pytest.mark.integration
SCHEMA = make_schema(inputs=60_000, outputs=20_000, rank=8)  # 640,000 coordinates, 2.5 MB in fp32


async def play(running, leader, plan, order=(1, 2, 3)):
    """One round with an upload of each client in this order; gives lineage and adapter."""
    await leader.start(plan)
    for number in order:
        link = await running.client(f"c-{number:012}")
        upload, ticket = running.make(plan, link, seed=number, examples=number, encoding=INT8_BLOCK)
        await link.upload(upload, ticket)
    await leader.seal(plan.key)
    response = await leader.finalize(plan.key)
    lineage = running.site.federation.verifier().verify(
        response.lineage, lineage_pb2.Lineage, signer=f"aggregator/{SPOOL}"
    )
    payload = await link.download(lineage.adapter.digest)
    return lineage, np.frombuffer(payload, "<f4")


async def test_a_round_merges_what_was_uploaded(running, leader):
    plan = make_plan(schema=SCHEMA)
    lineage, adapter = await play(running, leader, plan)
    count = SCHEMA.coordinate_count
    updates = []
    for number in (1, 2, 3):
        upload, _ = running.make(
            plan, await running.client(f"c-{number:012}"), seed=number, encoding=INT8_BLOCK
        )
        updates.append(number * decode(INT8_BLOCK, upload.payload, count).astype(np.float64))
    expected = initial_adapter(SCHEMA, SEED) + sum(updates) / 6
    np.testing.assert_allclose(adapter, expected, rtol=0, atol=1e-7)
    assert [update.weight_units for update in lineage.counted] == [256, 512, 768]
    assert lineage.parent_digest == plan.base.digest


async def test_every_order_of_arrival_gives_the_same_bits(running, leader):
    digests = set()
    for attempt, order in enumerate(permutations((1, 2, 3))):
        plan = make_plan(RoundKey(f"r-{attempt}", 1, 1, "global"), clip_norm=0.05)
        lineage, _ = await play(running, leader, plan, order)
        digests.add(lineage.adapter.digest)
    assert len(digests) == 1


async def test_rounds_follow_each_other_with_adam(running, leader):
    adam = Adam(0.01, 0.9, 0.99, 1e-3)
    first, adapter = await play(running, leader, make_plan(optimizer=adam))
    plan = make_plan(
        RoundKey(KEY.run, 2, 1, "global"),
        optimizer=adam,
        base=adapter,
        state_digest=first.optimizer_state_digest,
    )
    second, _ = await play(running, leader, plan)
    assert second.parent_digest == first.adapter.digest
    assert second.adapter.version == 2


async def test_watching_tells_each_commit(running, leader):
    plan = make_plan()
    await leader.start(plan)
    stream = leader.watch()
    link = await running.client()
    upload, ticket = running.make(plan, link)
    await link.upload(upload, ticket)
    async with asyncio.timeout(60):
        message = await stream.read()
    assert message.update.task == upload.ticket.task
    assert message.update.payload_bytes == len(upload.payload)
    await leader.seal()
    assert await stream.read() is grpc.aio.EOF


async def test_only_the_newest_leader_commands(running, leader, site):
    plan = make_plan()
    await leader.start(plan)
    newer = await running.leader(TOKEN + 1)
    await newer.open(plan)
    with pytest.raises(LeaderSupersededError):
        await leader.seal()
    spool = await newer.stub.GetSpool(round_service_pb2.GetSpoolRequest(), timeout=10)
    assert (spool.spool, spool.leader_token) == (SPOOL, TOKEN + 1)


async def test_sealing_while_many_commit_counts_exactly_the_receipts(running, leader):
    """The oracle of every fault test: counted set = receipts obtainable."""
    plan = make_plan(maximum_updates=40)
    await leader.start(plan)
    links = [await running.client(f"c-{number:012}") for number in range(16)]
    uploads = [running.make(plan, link, seed=index) for index, link in enumerate(links)]
    stream = leader.watch()
    calls = [
        asyncio.create_task(link.upload(*upload))
        for link, upload in zip(links, uploads, strict=True)
    ]
    await stream.read()  # at least one is committed
    sealed = await leader.seal()
    results = await asyncio.gather(*calls, return_exceptions=True)
    told = {r.task for r in results if isinstance(r, ticket_pb2.UpdateReceipt)}
    refused = {type(r) for r in results if not isinstance(r, ticket_pb2.UpdateReceipt)}
    assert refused <= {UpdateTooLateError}
    obtainable = set()
    for link, upload in zip(links, uploads, strict=True):
        try:
            status = await link.status(*upload)
        except UpdateTooLateError:
            continue
        obtainable.add(ticket_pb2.UpdateReceipt.FromString(status.receipt.payload).task)
    assert {update.task for update in sealed.counted} == told == obtainable
    assert told

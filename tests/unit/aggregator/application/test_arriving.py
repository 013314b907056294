"""Updates that are summed while they arrive: the same bits, whatever happens on their way."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import (
    KEY,
    make_plan,
    make_schema,
    make_upload,
    task_of,
)
from tests.support.aggregator.large_uploads import (
    CHUNK_BYTES,
    SCHEMA,
    SUMS_BYTES,
    Stalling,
    break_off,
    expected_sums,
    send,
    start,
    upload_of,
)
from tests.support.aggregator.use_cases import TOKEN, UseCases, cut

from pfi_common.errors import (
    CoordinateLimitExceededError,
    DiskFullError,
    PayloadCorruptError,
    UpdateTooLateError,
)
from pfi_common.tensors import BF16, FP32, INT4_BLOCK, INT8_BLOCK, decode, encode

LIMIT_SECONDS = 60
ENCODINGS = [FP32, BF16, INT8_BLOCK, INT4_BLOCK]


def check(world, uploads):
    """Everything is in the sums, and nothing is left to be folded."""
    assert world.ahead.lag() == 0
    assert not world.ahead.fold_next()
    taken = world.ahead.take(KEY)
    assert {item.task for item in taken.updates} == {upload.ticket.task for upload in uploads}
    np.testing.assert_array_equal(taken.merge.sums()[0], expected_sums(uploads))


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_an_update_is_in_the_sums_when_it_is_committed(encoding):
    world, uploads = await start(), [upload_of(index, encoding) for index in range(3)]
    for upload in uploads:
        await world.upload(upload, chunk_bytes=CHUNK_BYTES)
    check(world, uploads)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_what_a_broken_connection_leaves_is_taken_out_and_comes_again(encoding):
    world, uploads = await start(), [upload_of(index, encoding) for index in range(2)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    offset = 0
    for part in (0.4, 0.7, 1.0):
        after_bytes = int(part * len(uploads[1].payload))
        await break_off(world, uploads[1], after_bytes, offset)
        offset = world.ask(uploads[1]).resume_offset_bytes
        assert offset > 0
        assert not world.ahead._folded[KEY].arriving
    await world.upload(uploads[1], chunk_bytes=CHUNK_BYTES, offset=offset)
    check(world, uploads)


async def test_an_update_that_never_ends_is_not_in_the_sums():
    world, uploads = await start(), [upload_of(index) for index in range(3)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    await break_off(world, uploads[1], 300_000)
    await world.upload(uploads[2], chunk_bytes=CHUNK_BYTES)
    check(world, [uploads[0], uploads[2]])


async def test_a_corrupt_payload_is_refused_and_not_in_the_sums():
    world, uploads = await start(), [upload_of(index) for index in range(2)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    payload = uploads[1].payload
    damaged = replace(uploads[1], payload=payload[:-4] + bytes([payload[-4] ^ 1]) + payload[-3:])
    with pytest.raises(PayloadCorruptError):
        await world.upload(damaged, chunk_bytes=CHUNK_BYTES)
    check(world, uploads[:1])


async def test_a_coordinate_above_the_limit_is_refused_and_not_in_the_sums():
    world, uploads = await start(), [upload_of(index) for index in range(2)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    values = decode(FP32, uploads[1].payload, SCHEMA.coordinate_count)
    values[150_000] = 11.0
    with pytest.raises(CoordinateLimitExceededError):
        await world.upload(
            replace(uploads[1], payload=encode(FP32, values)), chunk_bytes=CHUNK_BYTES
        )
    check(world, uploads[:1])


async def test_a_full_device_leaves_nothing_in_the_sums():
    world, uploads = await start(), [upload_of(index) for index in range(2)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    world.incoming.room_bytes = 550_000
    with pytest.raises(DiskFullError):
        await world.upload(uploads[1], chunk_bytes=CHUNK_BYTES)
    check(world, uploads[:1])


async def test_an_update_that_comes_too_late_to_be_committed_is_not_in_the_sums():
    world, uploads = await start(), [upload_of(index) for index in range(2)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    commit = world.rounds.commit

    def seal_first(record):
        world.rounds.seal(KEY)
        return commit(record)

    world.rounds.commit = seal_first
    with pytest.raises(UpdateTooLateError):
        await world.upload(uploads[1], chunk_bytes=CHUNK_BYTES)
    check(world, uploads[:1])


@pytest.mark.parametrize("counted", [1, 3])
async def test_who_takes_the_sums_does_not_wait_for_what_arrives(counted):
    """With one that counts it is less work to fold anew than to take out what has arrived."""
    world, uploads = await start(), [upload_of(index) for index in range(4)]
    slow = [Stalling(upload, 700_000) for upload in uploads[counted:]]
    running = [
        asyncio.create_task(send(world, upload, item.chunks()))
        for upload, item in zip(uploads[counted:], slow, strict=True)
    ]
    for item in slow:
        await asyncio.wait_for(item.stalls.wait(), LIMIT_SECONDS)
    for upload in uploads[:counted]:
        await world.upload(upload, chunk_bytes=CHUNK_BYTES)
    await world.seal.run(TOKEN, KEY)
    sealed = await world.finalize.run(TOKEN, KEY)
    lineage = world.statements.read_lineage(sealed.lineage)

    alone = await start()
    for upload in uploads[:counted]:
        await alone.upload(upload, chunk_bytes=CHUNK_BYTES)
    await alone.seal.run(TOKEN, KEY)
    expected = await alone.finalize.run(TOKEN, KEY)
    assert lineage.adapter == alone.statements.read_lineage(expected.lineage).adapter

    for item in slow:
        item.go_on.set()
    for ended in await asyncio.gather(*running, return_exceptions=True):
        assert isinstance(ended, UpdateTooLateError)


async def test_what_was_taken_out_and_is_committed_after_all_is_folded_at_the_end():
    """The sums are taken between the commit and the note of it."""
    world, uploads = await start(), [upload_of(index) for index in range(3)]
    for upload in uploads[:2]:
        await world.upload(upload, chunk_bytes=CHUNK_BYTES)
    commit, taken = world.rounds.commit, []

    def take_after(record):
        committed = commit(record)
        taken.append(world.ahead.take(KEY))
        return committed

    world.rounds.commit = take_after
    await world.upload(uploads[2], chunk_bytes=CHUNK_BYTES)
    assert [item.task for item in taken[0].updates] == [item.ticket.task for item in uploads[:2]]
    np.testing.assert_array_equal(taken[0].merge.sums()[0], expected_sums(uploads[:2]))


async def test_sums_whose_bytes_cannot_be_taken_out_are_not_used():
    world, uploads = await start(), [upload_of(index) for index in range(2)]
    await world.upload(uploads[0], chunk_bytes=CHUNK_BYTES)

    async def damaged_on_the_device():
        async for chunk in cut(uploads[1].payload[:500_000], CHUNK_BYTES):
            yield chunk
        stored = world.incoming._uploads[task_of("c-000000000001")][1]
        stored[9] ^= 1
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await send(world, uploads[1], damaged_on_the_device())
    assert KEY not in world.ahead._folded
    assert world.ahead.take(KEY) is None
    await world.seal.run(TOKEN, KEY)
    result = await world.finalize.run(TOKEN, KEY)
    lineage = world.statements.read_lineage(result.lineage)
    alone = await start()
    await alone.upload(uploads[0], chunk_bytes=CHUNK_BYTES)
    await alone.seal.run(TOKEN, KEY)
    expected = await alone.finalize.run(TOKEN, KEY)
    assert lineage.adapter == alone.statements.read_lineage(expected.lineage).adapter


async def test_an_update_of_another_rank_is_summed_as_it_counts():
    client_schema = make_schema(inputs=60_000, outputs=40_000, rank=1)
    client_schema = replace(client_schema, alpha=SCHEMA.alpha)
    plan = make_plan(schema=SCHEMA, client_schemas=(client_schema,))
    digests = set()
    for room in (SUMS_BYTES, 0):
        world = UseCases(fold_ahead_bytes=room)
        await world.start(plan)
        for client, schema in enumerate((SCHEMA, client_schema, client_schema)):
            upload = make_upload(plan, f"c-{client:012}", seed=client, schema=schema)
            await world.upload(upload, chunk_bytes=CHUNK_BYTES)
        assert world.ahead.lag() == (0 if room else 3)
        await world.seal.run(TOKEN, KEY)
        result = await world.finalize.run(TOKEN, KEY)
        digests.add(world.statements.read_lineage(result.lineage).adapter.digest)
    assert len(digests) == 1


@pytest.mark.parametrize("seed", range(5))
async def test_uploads_beside_each_other_that_break_at_random(seed):
    generator = np.random.default_rng(seed)
    world = await start()
    uploads = [upload_of(index, ENCODINGS[index % 4]) for index in range(6)]
    kept = [bool(generator.integers(0, 4)) for _ in uploads]

    async def come(upload, whole):
        offset, size = 0, len(upload.payload)
        for _ in range(int(generator.integers(0, 3)) if whole else 2):
            await break_off(world, upload, int(generator.integers(offset, size)), offset)
            offset = world.ask(upload).resume_offset_bytes
        if whole:
            await send(world, upload, cut(upload.payload, CHUNK_BYTES, offset), offset)

    await asyncio.gather(*(come(*pair) for pair in zip(uploads, kept, strict=True)))
    check(world, [upload for upload, whole in zip(uploads, kept, strict=True) if whole])

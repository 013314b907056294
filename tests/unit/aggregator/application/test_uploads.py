"""Uploads from the first byte to the receipt."""

import asyncio

import numpy as np
import pytest
from tests.support.aggregator.builders import (
    EXPIRY,
    KEY,
    KEY_SHA256,
    SPOOL,
    make_plan,
    make_upload,
    with_ticket,
)
from tests.support.aggregator.use_cases import TOKEN, UseCases, cut, receipt_of
from tests.support.clock import START

from pfi.aggregator.v1 import ticket_pb2
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import (
    AttemptVoidedError,
    ChunkOutOfOrderError,
    CoordinateLimitExceededError,
    DiskFullError,
    PayloadCorruptError,
    PayloadNotFiniteError,
    PayloadSizeInvalidError,
    RoundFullError,
    RoundUnknownError,
    TicketExpiredError,
    TicketForeignError,
    UpdateConflictError,
    UpdateTooLateError,
    UpdateUnknownError,
)

PLAN = make_plan()
UPLOAD = make_upload(PLAN)


@pytest.fixture
async def world():
    made = UseCases()
    await made.start(PLAN)
    return made


async def test_an_update_gets_a_receipt(world):
    receipt = await world.upload(UPLOAD)
    assert receipt == ticket_pb2.UpdateReceipt(
        run=KEY.run,
        round=1,
        attempt=1,
        line="global",
        task=UPLOAD.ticket.task,
        client=UPLOAD.ticket.client,
        payload_sha256=UPLOAD.header.payload_sha256,
        weight_units=768,
        clip_factor=1 << 24,
        state=ticket_pb2.RECEIPT_STATE_COMMITTED,
    )
    assert world.incoming.count() == 0
    assert world.meter.counts["committed"] == 1


async def test_a_repeat_gives_the_same_receipt_without_a_byte(world):
    first = await world.upload(UPLOAD)
    header = read_header(with_ticket(UPLOAD))
    caller = Caller(UPLOAD.ticket.client, KEY_SHA256)
    again = await world.receive.run(caller, header, cut(b"", 1))
    assert receipt_of(again) == first
    assert world.meter.counts["committed"] == 1


async def test_a_receipt_can_be_fetched_until_the_round_is_settled(world):
    receipt = await world.upload(UPLOAD)
    world.clock.advance((EXPIRY - START).total_seconds() + 100)
    assert receipt_of(world.ask(UPLOAD).receipt) == receipt
    await world.seal.run(TOKEN, KEY)
    assert receipt_of(world.ask(UPLOAD).receipt) == receipt
    await world.finalize.run(TOKEN, KEY)
    assert receipt_of(world.ask(UPLOAD).receipt) == receipt
    await world.settle.run(TOKEN, KEY)
    with pytest.raises(UpdateUnknownError):
        world.ask(UPLOAD)


async def test_an_aborted_attempt_voids_receipts_and_refuses_uploads(world):
    receipt = await world.upload(UPLOAD)
    await world.abort.run(TOKEN, KEY)
    voided = receipt_of(world.ask(UPLOAD).receipt)
    receipt.state = ticket_pb2.RECEIPT_STATE_VOIDED
    assert voided == receipt
    for upload in (UPLOAD, make_upload(PLAN, "c-000000000002")):
        with pytest.raises(AttemptVoidedError):
            await world.upload(upload)
    await world.settle.run(TOKEN, KEY)
    with pytest.raises(AttemptVoidedError):
        world.ask(UPLOAD)


async def test_a_broken_upload_goes_on_where_the_status_says(world):
    first = make_upload(PLAN)
    with pytest.raises(PayloadSizeInvalidError):
        await world.receive.run(
            Caller(first.ticket.client, KEY_SHA256),
            read_header(with_ticket(first)),
            cut(first.payload[:250], 100),
        )
    offset = world.ask(first).resume_offset_bytes
    assert offset == 250
    receipt = await world.upload(first, offset=offset)
    assert receipt.payload_sha256 == first.header.payload_sha256


async def test_an_upload_whose_bytes_are_all_there_needs_no_chunk(world):
    with pytest.raises(ChunkOutOfOrderError):
        await world.upload(UPLOAD, offset=len(UPLOAD.payload))
    partial = world.incoming.begin(UPLOAD.ticket.task, read_header(with_ticket(UPLOAD)))
    partial.append(UPLOAD.payload)
    assert await world.upload(UPLOAD, offset=len(UPLOAD.payload))


async def test_a_committed_update_conflicts_with_other_bytes(world):
    receipt = await world.upload(UPLOAD)
    other = make_upload(PLAN, seed=99)
    for look in (lambda: world.upload(other), lambda: asyncio.to_thread(world.ask, other)):
        with pytest.raises(UpdateConflictError):
            await look()
    assert receipt_of(world.ask(UPLOAD).receipt) == receipt


async def test_late_uploads_are_refused(world):
    await world.seal.run(TOKEN, KEY)
    with pytest.raises(UpdateTooLateError):
        await world.upload(UPLOAD)
    with pytest.raises(UpdateTooLateError):
        world.ask(UPLOAD)


async def test_an_upload_is_cut_off_when_its_round_is_sealed(world):
    async def chunks():
        yield Chunk(0, UPLOAD.payload[:100])
        await world.seal.run(TOKEN, KEY)
        yield Chunk(100, UPLOAD.payload[100:])

    header = read_header(with_ticket(UPLOAD))
    with pytest.raises(UpdateTooLateError):
        await world.receive.run(Caller(UPLOAD.ticket.client, KEY_SHA256), header, chunks())
    assert world.incoming.count() == 0


async def test_expired_tickets_are_refused_and_counted(world):
    world.clock.advance((EXPIRY - START).total_seconds() + 61)
    with pytest.raises(TicketExpiredError):
        await world.upload(UPLOAD)
    with pytest.raises(TicketExpiredError):
        world.ask(UPLOAD)
    assert world.meter.counts["refused TICKET_EXPIRED"] == 1


@pytest.mark.parametrize("caller", [Caller("c-x", KEY_SHA256), Caller(UPLOAD.ticket.client, "x")])
async def test_foreign_tickets_are_refused_before_anything_is_told(world, caller):
    await world.upload(UPLOAD)
    statement = with_ticket(UPLOAD).ticket.SerializeToString()
    with pytest.raises(TicketForeignError):
        world.status.run(caller, statement, UPLOAD.header.payload_sha256)
    with pytest.raises(TicketForeignError):
        await world.receive.run(caller, read_header(with_ticket(UPLOAD)), cut(b"", 1))


async def test_tickets_of_other_spools_and_unknown_rounds_are_refused(world):
    upload = make_upload(PLAN)
    upload.ticket.spool = f"{SPOOL}-other"
    with pytest.raises(TicketForeignError):
        await world.upload(upload)
    upload = make_upload(PLAN)
    upload.ticket.run = "r-unknown"
    with pytest.raises(RoundUnknownError):
        await world.upload(upload)


def vector(value: float) -> np.ndarray:
    made = np.zeros(PLAN.schema.coordinate_count, dtype=np.float32)
    made[-1] = value
    return made


def corrupted():
    upload = make_upload(PLAN, seed=5)
    upload.header.payload_sha256 = "ab" * 32
    return upload


def with_number(value: float):
    upload = make_upload(PLAN, vector=vector(0))
    payload = upload.payload[:-4] + np.float32(value).tobytes()
    return upload.__class__(upload.ticket, upload.header, payload)


@pytest.mark.parametrize(
    ("upload", "error"),
    [
        (corrupted(), PayloadCorruptError),
        (with_number(np.nan), PayloadNotFiniteError),
        (with_number(-np.inf), PayloadNotFiniteError),
        (make_upload(PLAN, vector=vector(10.5)), CoordinateLimitExceededError),
    ],
)
async def test_bad_payloads_are_refused_and_deleted(world, upload, error):
    with pytest.raises(error):
        await world.upload(upload)
    assert world.incoming.count() == 0
    assert world.rounds.committed(KEY, 0) == ()
    await world.upload(UPLOAD)


async def test_bytes_behind_the_payload_are_refused_as_soon_as_they_come(world):
    taken = []

    async def chunks():
        for offset in range(0, 500, 100):
            taken.append(offset)
            yield Chunk(offset, bytes(100))

    header = read_header(with_ticket(UPLOAD))
    with pytest.raises(PayloadSizeInvalidError):
        await world.receive.run(Caller(UPLOAD.ticket.client, KEY_SHA256), header, chunks())
    assert taken == [0, 100, 200, 300]


async def test_a_gap_is_refused_and_what_came_before_stays(world):
    async def chunks():
        yield Chunk(0, UPLOAD.payload[:100])
        yield Chunk(200, UPLOAD.payload[200:])

    header = read_header(with_ticket(UPLOAD))
    with pytest.raises(ChunkOutOfOrderError):
        await world.receive.run(Caller(UPLOAD.ticket.client, KEY_SHA256), header, chunks())
    assert world.ask(UPLOAD).resume_offset_bytes == 100


async def test_a_full_disk_keeps_what_came_before(world):
    world.incoming.room_bytes = 250
    with pytest.raises(DiskFullError):
        await world.upload(UPLOAD)
    world.incoming.room_bytes = 1000
    offset = world.ask(UPLOAD).resume_offset_bytes
    assert offset == 200
    await world.upload(UPLOAD, offset=offset)


async def test_a_full_round_refuses_before_the_first_byte():
    plan = make_plan(maximum_updates=1)
    world = UseCases()
    await world.start(plan)
    await world.upload(make_upload(plan))
    with pytest.raises(RoundFullError):
        await world.upload(make_upload(plan, "c-000000000002"))
    assert world.incoming.count() == 0

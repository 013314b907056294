"""Bad uploads over mTLS: each is refused with its reason, and the round goes on."""

import asyncio
from datetime import timedelta

import numpy as np
import pytest
from redis.asyncio import Redis
from tests.support.aggregator.builders import (
    Upload,
    make_plan,
    make_schema,
    make_upload,
    with_ticket,
)
from tests.support.aggregator.server import ClientLink, LeaderLink, upload_requests

from pfi.aggregator.v1 import adapter_service_pb2, update_service_pb2
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    AdapterUnknownError,
    AttemptVoidedError,
    BaseMismatchError,
    ClientRevokedError,
    InvalidRequestError,
    PayloadCorruptError,
    PayloadNotFiniteError,
    PayloadSizeInvalidError,
    PermissionDeniedError,
    RoundUnknownError,
    SchemaMismatchError,
    ServiceUnavailableError,
    TicketExpiredError,
    TicketForeignError,
    TicketInvalidError,
    UpdateConflictError,
    UpdateTooLateError,
    WeightInvalidError,
)
from pfi_common.identity.redis_revocations import RedisRevocations
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration
PLAN = make_plan()


@pytest.fixture
async def opened(running, leader):
    await leader.start(PLAN)
    return running


@pytest.fixture
async def link(opened):
    return await opened.client()


def spoilt(upload: Upload, position: int, data: bytes) -> Upload:
    payload = bytearray(upload.payload)
    payload[position : position + len(data)] = data
    return Upload(upload.ticket, upload.header, bytes(payload))


async def assert_round_goes_on(opened, leader) -> None:
    other = await opened.client("c-00000000000f")
    await other.upload(*opened.make(PLAN, other))
    assert len((await leader.seal()).counted) == 1


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\x01\x02", PayloadCorruptError),
        (np.float32(np.nan).tobytes(), PayloadNotFiniteError),
        (np.float32(-np.inf).tobytes(), PayloadNotFiniteError),
    ],
)
async def test_corrupted_and_infinite_payloads(opened, leader, link, data, error):
    upload, ticket = opened.make(PLAN, link)
    with pytest.raises(error):
        await link.upload(spoilt(upload, 8, data), ticket)
    assert (await link.status(upload, ticket)).resume_offset_bytes == 0
    await assert_round_goes_on(opened, leader)


async def test_truncated_payloads(opened, leader, link):
    upload, ticket = opened.make(PLAN, link)
    with pytest.raises(PayloadSizeInvalidError), translated():
        await link.updates.UploadUpdate(upload_requests(upload, ticket, end=100), timeout=60)
    assert (await link.status(upload, ticket)).resume_offset_bytes == 100
    await assert_round_goes_on(opened, leader)


async def test_payloads_that_go_on_behind_their_end(opened, leader, link):
    upload, ticket = opened.make(PLAN, link)
    longer = Upload(upload.ticket, upload.header, upload.payload + b"x")
    with pytest.raises(PayloadSizeInvalidError):
        await link.upload(longer, ticket)
    await assert_round_goes_on(opened, leader)


async def test_oversize_is_refused_before_its_first_byte(opened, leader, link):
    huge = make_plan(schema=make_schema(inputs=10**6))
    upload = make_upload(huge, link.identity.identity.name, key_sha256=link.identity.key_sha256)
    upload.ticket.schema_digest = PLAN.schema.digest
    upload.ticket.base_digest = upload.header.base_digest = PLAN.base.digest
    upload.ticket.expiry_time.FromDatetime(SystemClock().now() + timedelta(hours=1))
    with pytest.raises(PayloadSizeInvalidError):
        await link.upload(upload, opened.site.signer.sign(upload.ticket))
    assert list((opened.site.folder / "spool" / "incoming").iterdir()) == []
    await assert_round_goes_on(opened, leader)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda u: setattr(u.ticket, "schema_digest", "ab" * 32), SchemaMismatchError),
        (lambda u: setattr(u.ticket, "base_digest", "ab" * 32), BaseMismatchError),
        (lambda u: setattr(u.header, "base_digest", "ab" * 32), BaseMismatchError),
        (lambda u: setattr(u.header, "example_count", 1001), WeightInvalidError),
        (lambda u: setattr(u.ticket, "run", "r-unknown"), RoundUnknownError),
        (lambda u: setattr(u.ticket, "attempt", 2), RoundUnknownError),
        (lambda u: setattr(u.ticket, "spool", "spool-1"), TicketForeignError),
        (lambda u: setattr(u.ticket, "task", "../../x"), TicketInvalidError),
    ],
)
async def test_wrong_announcements(opened, link, change, error):
    upload, _ = opened.make(PLAN, link)
    change(upload)
    with pytest.raises(error):
        await link.upload(upload, opened.site.signer.sign(upload.ticket))


async def test_expired_tickets(opened, link):
    past = SystemClock().now() - timedelta(seconds=61)
    upload, ticket = opened.make(PLAN, link, expiry=past)
    with pytest.raises(TicketExpiredError):
        await link.upload(upload, ticket)


async def test_stolen_tickets(opened, leader, link):
    upload, ticket = opened.make(PLAN, link)
    thief = await opened.client("c-00000000000e")
    with pytest.raises(TicketForeignError):
        await thief.upload(upload, ticket)
    same_name = await opened.client(link.identity.identity.name)
    with pytest.raises(TicketForeignError):
        await same_name.upload(upload, ticket)
    with pytest.raises(TicketForeignError):
        await thief.status(upload, ticket)
    await assert_round_goes_on(opened, leader)


async def test_forged_tickets(opened, link):
    upload, ticket = opened.make(PLAN, link)
    for forged in (
        opened.site.federation.signer("aggregator/spool-0").sign(upload.ticket),
        ticket.__class__(),
    ):
        with pytest.raises(TicketInvalidError):
            await link.upload(upload, forged)
    ticket.payload = ticket.payload[:-1]
    with pytest.raises(TicketInvalidError):
        await link.upload(upload, ticket)


async def test_replays_give_the_same_receipt_and_other_bytes_conflict(opened, leader, link):
    upload, ticket = opened.make(PLAN, link)
    first = await link.upload(upload, ticket)
    assert await link.upload(upload, ticket) == first
    other, _ = opened.make(PLAN, link, seed=99)
    with pytest.raises(UpdateConflictError):
        await link.upload(other, ticket)
    assert len((await leader.seal()).counted) == 1
    assert await link.upload(upload, ticket) == first


async def test_uploads_to_closed_rounds(opened, leader, link):
    await leader.seal()
    with pytest.raises(UpdateTooLateError):
        await link.upload(*opened.make(PLAN, link))
    await leader.abort()
    with pytest.raises(AttemptVoidedError):
        await link.upload(*opened.make(PLAN, link))


@pytest.mark.parametrize("order", ["", "c", "hh", "hch"])
async def test_calls_that_break_the_protocol(opened, link, order):
    upload, ticket = opened.make(PLAN, link)
    sent = [request async for request in upload_requests(upload, ticket, chunk_bytes=10)]
    messages = {"h": sent[0], "c": sent[1]}

    async def requests():
        for letter in order:
            yield messages[letter]

    with pytest.raises(InvalidRequestError), translated():
        await link.updates.UploadUpdate(requests(), timeout=60)


async def test_callers_are_who_their_certificate_says(opened, leader, link):
    target = opened.endpoints.aggregator
    pretender = LeaderLink(target, link.identity)
    coordinator = ClientLink(target, opened.site.coordinator)
    upload, ticket = opened.make(PLAN, link)
    with pytest.raises(PermissionDeniedError):
        await pretender.seal()
    with pytest.raises((PermissionDeniedError, ServiceUnavailableError)):
        await coordinator.upload(upload, ticket)
    with pytest.raises(PermissionDeniedError):
        await coordinator.status(upload, ticket)
    for made in (pretender, coordinator):
        await made.channel.close()


async def test_a_revoked_client_is_refused(opened, link, redis_url):
    upload, ticket = opened.make(PLAN, link)
    async with Redis.from_url(redis_url) as redis:
        await RedisRevocations(redis).add(link.identity.identity.name, "test")
    async with asyncio.timeout(60):
        while True:
            try:
                await link.status(upload, ticket)
            except ClientRevokedError:
                break
            await asyncio.sleep(0.05)
    await link.channel.close()


async def test_adapters_that_there_are_not(opened, link):
    with pytest.raises(AdapterUnknownError):
        await link.download("ab" * 32)
    request = adapter_service_pb2.DownloadAdapterRequest(
        digest=PLAN.base.digest, offset_bytes=10**9
    )
    with pytest.raises(InvalidRequestError), translated():
        async for _ in link.adapters.DownloadAdapter(request, timeout=60):
            pass


@pytest.mark.parametrize("sent", [b"\xff\xff", b"", b"\x12\x05\x12"])
async def test_bytes_that_are_no_message_are_a_typed_error(opened, leader, link, sent):
    upload, ticket = opened.make(PLAN, link)
    header = update_service_pb2.UploadUpdateRequest(header=with_ticket(upload, ticket))
    send = link.channel.stream_unary("/pfi.aggregator.v1.UpdateService/UploadUpdate")
    for messages in ([sent], [header.SerializeToString(), sent]):
        with pytest.raises(InvalidRequestError), translated():
            await send(iter(messages), timeout=60)
    await assert_round_goes_on(opened, leader)

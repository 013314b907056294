"""Places in memory: few for one owner, in turn for all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, nullcontext

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException
from tests.support.rag.documents import make_owner

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_common.errors import InvalidRequestError
from pfi_rag.application import transfer_slots
from pfi_rag.application.transfer_slots import TransferSlots, transfer_seconds
from pfi_rag.entrypoints import incoming
from pfi_rag.entrypoints.rest.uploads import read_uploads

ALICE, BOB, CAROL = (make_owner(f"c-00000000000{letter}") for letter in "abc")


async def settled() -> None:
    """Lets every task go on as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_owner_leaves_places_to_the_others():
    slots = TransferSlots(at_once=4, per_owner=2)
    inside: list[str] = []
    leave = asyncio.Event()

    async def hold(owner):
        async with slots.one(owner):
            inside.append(owner.client)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(hold(ALICE))
        await settled()
        assert inside == [ALICE.client] * 2
        group.create_task(hold(BOB))
        group.create_task(hold(BOB))
        await settled()
        assert inside[2:] == [BOB.client] * 2
        group.create_task(hold(CAROL))
        await settled()
        assert len(inside) == 4
        leave.set()
    assert len(inside) == 11
    assert slots._shares == {}


async def test_a_caller_that_goes_gives_its_place_back():
    slots = TransferSlots(at_once=1, per_owner=1)
    async with AsyncExitStack() as held:
        await held.enter_async_context(slots.one(ALICE))
        waiting = asyncio.create_task(held.enter_async_context(slots.one(BOB)))
        await settled()
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(60), slots.one(BOB), AsyncExitStack():
        assert list(slots._shares) == [BOB.uri]


def header(content: bytes) -> wire.AddDocumentsRequest:
    digest = hashlib.sha256(content).hexdigest()
    return wire.AddDocumentsRequest(
        header=wire.DocumentHeader(name="a", size_bytes=len(content), content_sha256=digest)
    )


async def trickle(gone: asyncio.Event) -> AsyncIterator[wire.AddDocumentsRequest]:
    """A document of which a byte comes now and then, so that the caller is never silent."""
    yield header(b"x" * 1_000_000)
    while not gone.is_set():
        await asyncio.sleep(0.01)
        yield wire.AddDocumentsRequest(chunk=b"x")


async def test_a_document_that_trickles_is_ended(monkeypatch):
    monkeypatch.setattr(transfer_slots, "_TRANSFER_SECONDS", 0.1)
    monkeypatch.setattr(transfer_slots, "_SLOWEST_BYTES_PER_SECOND", 1e9)
    gone = asyncio.Event()
    documents = incoming.incoming_documents(trickle(gone), 2_000_000, nullcontext)
    with pytest.raises(InvalidRequestError, match="took more than"):
        async with asyncio.timeout(60):
            await anext(documents)
    gone.set()


async def test_a_place_is_held_for_a_document_and_not_between_two():
    slots = TransferSlots(at_once=1, per_owner=1)
    sent: asyncio.Queue[wire.AddDocumentsRequest | None] = asyncio.Queue()

    async def requests() -> AsyncIterator[wire.AddDocumentsRequest]:
        while (request := await sent.get()) is not None:
            yield request

    documents = incoming.incoming_documents(requests(), 100, lambda: slots.one(ALICE))
    sent.put_nowait(header(b"text"))
    sent.put_nowait(wire.AddDocumentsRequest(chunk=b"text"))
    assert bytes((await anext(documents)).content) == b"text"
    assert list(slots._shares) == [ALICE.uri]
    following = asyncio.ensure_future(anext(documents, None))
    await settled()
    assert slots._shares == {}
    sent.put_nowait(header(b"x" * 101))
    await settled()
    assert slots._shares == {}
    sent.put_nowait(None)
    refused = await following
    assert refused.refusal is not None
    assert await anext(documents, None) is None


async def test_an_upload_that_trickles_is_ended(monkeypatch):
    monkeypatch.setattr(transfer_slots, "_TRANSFER_SECONDS", 0.1)

    async def receive():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(HTTPException) as caught:
        async with asyncio.timeout(60):
            await read_uploads(Request(scope, receive), 1)
    assert caught.value.status_code == 408


def test_a_large_document_has_more_time():
    assert transfer_seconds(0) == 60
    assert transfer_seconds(8 << 20) == 60 + 128

"""One client that hands in slowly does not keep the others from handing in."""

import asyncio
import hashlib
from contextlib import AsyncExitStack

import pytest
from tests.support.rag.service import running_rag

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi.rag.v1 import retrieval_service_pb2_grpc as wire_grpc
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument
from pfi_rag.entrypoints.rest import uploads

pytestmark = pytest.mark.integration

ALICE, BOB = "c-00000000000a", "c-00000000000b"
MENU = OutgoingDocument("menu.txt", b"Soup of pumpkin and ginger.")
SMALL = {"documents": [{"name": "a.txt", "text": "Soup."}]}


@pytest.fixture
async def rag(tmp_path):
    async with running_rag(tmp_path) as running:
        yield running


def header(content: bytes) -> wire.AddDocumentsRequest:
    digest = hashlib.sha256(content).hexdigest()
    return wire.AddDocumentsRequest(
        header=wire.DocumentHeader(name="slow", size_bytes=len(content), content_sha256=digest)
    )


async def stall(held: AsyncExitStack, rag, identity, streams: int) -> None:
    """Begins documents, and sends no more of them."""
    channel = await held.enter_async_context(rag.channel(identity))
    for _ in range(streams):
        call = wire_grpc.RetrievalServiceStub(channel).AddDocuments()
        held.callback(call.cancel)
        await call.write(header(b"x" * 100))
        await call.write(wire.AddDocumentsRequest(chunk=b"x"))
    await wire_grpc.RetrievalServiceStub(channel).GetIndex(wire.GetIndexRequest(), timeout=10)


async def test_slow_streams_of_one_client_do_not_stop_another(rag):
    async with AsyncExitStack() as held:
        await stall(held, rag, rag.federation.client(ALICE), 10)
        bob = rag.federation.client(BOB)
        async with asyncio.timeout(60), rag.link(bob) as link:
            [added] = [item async for item in link.add([MENU])]
        async with rag.https(bob) as client:
            answer = await client.post("/v1/documents", json=SMALL)
    assert added.outcome == wire.DOCUMENT_OUTCOME_ADDED
    assert answer.json()["documents"][0]["outcome"] == "added"


async def test_uploads_take_the_places_that_streams_take(rag, monkeypatch):
    alice = rag.federation.client(ALICE)
    async with AsyncExitStack() as held:
        await stall(held, rag, alice, 2)
        with monkeypatch.context() as impatient:
            impatient.setattr(uploads, "_PATIENCE_SECONDS", 0.1)
            async with rag.https(alice) as client:
                answer = await client.post("/v1/documents", json=SMALL)
    assert (answer.status_code, answer.json()["reason"]) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "5"
    async with rag.https(alice) as client:
        answer = await client.post("/v1/documents", json=SMALL)
    assert answer.status_code == 200


async def test_only_documents_may_be_large(rag):
    async with rag.https(rag.federation.client(ALICE)) as client:
        answer = await client.post("/v1/search", json={"query": "x" * (2 << 20)})
    assert answer.status_code == 413

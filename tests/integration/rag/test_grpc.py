"""Two clients and one service over real mutual TLS: gRPC."""

import hashlib
import json
from datetime import timedelta

import grpc
import pytest
from tests.support.certificates import FederationFixture
from tests.support.clock import ManualClock
from tests.support.rag.service import running_rag

from pfi.common.v1.errors_pb2 import ERROR_REASON_DOCUMENT_INVALID
from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi.rag.v1 import retrieval_service_pb2_grpc as wire_grpc
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    DocumentUnknownError,
    IdentityInvalidError,
    IndexForeignError,
    InvalidRequestError,
    PermissionDeniedError,
    PlatformError,
    RetrievalUnavailableError,
)
from pfi_common.rpc.errors import platform_error

pytestmark = pytest.mark.integration

ALICE, BOB = "c-00000000000a", "c-00000000000b"
PLAN = OutgoingDocument("notes/plan.md", b"# Plan\n\nThe gardener waters the orchids on Friday.\n")
MENU = OutgoingDocument("menu.txt", b"Soup of pumpkin and ginger.")


@pytest.fixture
async def rag(tmp_path):
    async with running_rag(tmp_path) as running:
        yield running


async def add(link, *documents):
    return [response async for response in link.add(documents)]


async def test_a_document_is_added_found_listed_and_deleted(rag):
    alice = rag.federation.client(ALICE)
    async with rag.link(alice) as link:
        added, menu = await add(link, PLAN, MENU)
        assert (added.name, added.outcome) == (PLAN.name, wire.DOCUMENT_OUTCOME_ADDED)
        assert menu.passages == 1

        found = await link.search("when are the orchids watered?")
        best = found.passages[0]
        assert (best.name, list(best.headings), best.first_line) == (PLAN.name, ["Plan"], 1)
        assert "orchids" in best.text
        assert not found.no_evidence

        listed = await link.documents()
        assert [item.name for item in listed] == ["menu.txt", "notes/plan.md"]
        assert (await link.index()).documents == 2

        assert await link.delete(added.document) == 1
        with pytest.raises(DocumentUnknownError):
            await link.delete(added.document)
        assert [item.name for item in await link.documents()] == ["menu.txt"]


async def test_the_same_document_again_changes_nothing(rag):
    async with rag.link(rag.federation.client(ALICE)) as link:
        await add(link, PLAN)
        changed = OutgoingDocument(PLAN.name, PLAN.content + b"\nAnd on Sunday.\n")
        relabelled = OutgoingDocument(PLAN.name, changed.content, {"kind": "plan"})
        outcomes = [item.outcome for item in await add(link, PLAN, changed, changed, relabelled)]
    assert outcomes == [
        wire.DOCUMENT_OUTCOME_UNCHANGED,
        wire.DOCUMENT_OUTCOME_REPLACED,
        wire.DOCUMENT_OUTCOME_UNCHANGED,
        wire.DOCUMENT_OUTCOME_REPLACED,
    ]


async def test_a_bad_document_does_not_stop_the_others(rag):
    bad = [
        OutgoingDocument("broken.txt", b"caf\xe9"),
        OutgoingDocument("picture.png", b"\x89PNG\r\n\x1a\n\x00"),
        OutgoingDocument("empty.md", b"\n\n"),
        OutgoingDocument("bad\nname.txt", b"text"),
    ]
    async with rag.link(rag.federation.client(ALICE)) as link:
        responses = await add(link, *bad, MENU)
    assert [item.outcome for item in responses] == [wire.DOCUMENT_OUTCOME_REFUSED] * 4 + [
        wire.DOCUMENT_OUTCOME_ADDED
    ]
    assert responses[0].reason == ERROR_REASON_DOCUMENT_INVALID
    assert "Byte 3 (line 1)" in responses[0].detail


async def test_a_document_that_is_too_large_is_refused_unread(tmp_path):
    async with running_rag(tmp_path, maximum_document_bytes=1000) as rag:
        large = OutgoingDocument("large.txt", b"word " * 500_000)
        async with rag.link(rag.federation.client(ALICE)) as link:
            first, second = await add(link, large, MENU)
    assert "at most 1,000" in first.detail
    assert second.outcome == wire.DOCUMENT_OUTCOME_ADDED


def header(name: str, content: bytes, **changes) -> wire.AddDocumentsRequest:
    fields = {
        "name": name,
        "size_bytes": len(content),
        "content_sha256": hashlib.sha256(content).hexdigest(),
    } | changes
    return wire.AddDocumentsRequest(header=wire.DocumentHeader(**fields))


async def converse(rag, requests):
    async with rag.channel(rag.federation.client(ALICE)) as channel:
        call = wire_grpc.RetrievalServiceStub(channel).AddDocuments(iter(requests))
        return [response async for response in call]


async def test_content_that_differs_from_its_header_is_refused(rag):
    chunk = wire.AddDocumentsRequest(chunk=b"text")
    answers = await converse(
        rag,
        [
            header("short", b"longer text"), chunk,
            header("long", b"te"), chunk,
            header("other", b"TEXT"), chunk,
            header("good", b"text"), chunk,
        ],
    )  # fmt: skip
    assert [item.outcome == wire.DOCUMENT_OUTCOME_ADDED for item in answers] == [
        False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "requests",
    [
        [wire.AddDocumentsRequest(chunk=b"text")],
        [header("a", b"x" * (1 << 21)), wire.AddDocumentsRequest(chunk=b"x" * ((1 << 20) + 1))],
    ],
)
async def test_a_stream_that_breaks_the_rules_ends(rag, requests):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await converse(rag, requests)
    assert isinstance(platform_error(caught.value), InvalidRequestError)


async def test_a_client_sees_its_own_index_alone(rag):
    alice, bob = rag.federation.client(ALICE), rag.federation.client(BOB)
    async with rag.link(alice) as link:
        [added] = await add(link, PLAN)
    async with rag.link(bob) as link:
        assert await link.documents() == []
        assert (await link.search("orchids")).no_evidence
        with pytest.raises(DocumentUnknownError):
            await link.delete(added.document)
        assert (await link.forget([added.document])).documents == 0
        assert (await link.forget(None)).documents == 0
    async with rag.link(alice) as link:
        assert len(await link.documents()) == 1


async def test_a_page_token_is_good_for_its_owner_alone(rag):
    alice, bob = rag.federation.client(ALICE), rag.federation.client(BOB)
    async with rag.link(alice) as link:
        await add(link, PLAN, MENU)
    request = wire.ListDocumentsRequest(page_size=1)
    async with rag.channel(alice) as channel:
        stub = wire_grpc.RetrievalServiceStub(channel)
        first = await stub.ListDocuments(request, timeout=10)
        request.page_token = first.next_page_token
        second = await stub.ListDocuments(request, timeout=10)
    assert [item.name for page in (first, second) for item in page.documents] == [
        "menu.txt", "notes/plan.md",
    ]  # fmt: skip
    assert second.next_page_token == ""
    async with rag.channel(bob) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await wire_grpc.RetrievalServiceStub(channel).ListDocuments(request, timeout=10)
    assert isinstance(platform_error(caught.value), InvalidRequestError)


async def test_another_key_of_the_same_client_is_refused(rag):
    async with rag.link(rag.federation.client(ALICE)) as link:
        await add(link, PLAN)
    async with rag.link(rag.federation.client(ALICE)) as link:
        with pytest.raises(IndexForeignError):
            await link.documents()


async def test_services_and_strangers_do_not_get_in(rag, tmp_path):
    async with rag.link(rag.federation.service("coordinator")) as link:
        with pytest.raises(PermissionDeniedError):
            await link.documents()
    stranger = FederationFixture(tmp_path / "other", "example").client(ALICE)
    async with rag.link(stranger) as link:
        with pytest.raises(RetrievalUnavailableError):
            await link.search("orchids")


async def test_an_expired_certificate_is_refused(rag):
    async with rag.link(rag.federation.client(ALICE, timedelta(seconds=-30))) as link:
        with pytest.raises(RetrievalUnavailableError):
            await link.index()


async def test_a_certificate_that_expires_while_connected_is_refused(tmp_path):
    clock = ManualClock(SystemClock().now())
    async with (
        running_rag(tmp_path, clock=clock) as rag,
        rag.link(rag.federation.client(ALICE)) as link,
    ):
        await link.index()
        clock.advance(2 * 86_400)
        with pytest.raises(IdentityInvalidError, match="expired"):
            await link.index()


async def test_nobody_has_to_refresh_a_revocation_list(tmp_path):
    clock = ManualClock(SystemClock().now())
    async with running_rag(tmp_path, clock=clock) as rag:
        clock.advance(3600)
        async with rag.link(rag.federation.client(ALICE)) as link:
            assert (await link.index()).documents == 0


@pytest.mark.parametrize(
    ("query", "limit"), [("", 4), (" \n", 4), ("x" * 4097, 4), ("orchids", 51)]
)
async def test_searches_that_break_a_rule_are_refused(rag, query, limit):
    async with rag.link(rag.federation.client(ALICE)) as link:
        with pytest.raises(InvalidRequestError):
            await link.search(query, limit)


async def test_without_a_model_words_alone_are_searched_and_it_is_said(tmp_path):
    async with (
        running_rag(tmp_path, embedder=None) as rag,
        rag.link(rag.federation.client(ALICE)) as link,
    ):
        await add(link, PLAN)
        found = await link.search("orchids")
        index = await link.index()
    assert found.mode == index.mode == wire.RETRIEVAL_MODE_BM25
    assert found.embedding_model_digest == index.embedding_model == ""


async def test_filters_narrow_and_cannot_widen(rag):
    async with rag.link(rag.federation.client(ALICE)) as link:
        await add(link, PLAN, OutgoingDocument("b.txt", b"orchids too", {"kind": "b"}))
    request = wire.SearchPassagesRequest(query="orchids")
    request.filter.labels["kind"] = "b"
    async with rag.channel(rag.federation.client(BOB)) as channel:
        stub = wire_grpc.RetrievalServiceStub(channel)
        assert (await stub.SearchPassages(request, timeout=10)).no_evidence


async def test_logs_hold_no_text_no_query_and_no_name(rag, capfd):
    from pfi_common.telemetry.log import configure_logging

    configure_logging("rag")
    async with rag.link(rag.federation.client(ALICE)) as link:
        await add(link, PLAN, OutgoingDocument("broken-orchids.txt", b"orchids \xe9"))
        await link.search("where are the orchids?")
        with pytest.raises(PlatformError):
            await link.search("orchids", 1000)
        await link.forget(None)
    text = capfd.readouterr().err
    assert "rpc_finished" in text
    assert "documents_forgotten" in text
    for private in ("orchid", "plan.md", "gardener"):
        assert private not in text
    for line in text.splitlines():
        json.loads(line)

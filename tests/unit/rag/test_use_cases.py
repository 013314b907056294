"""The use cases over stores in memory."""

import asyncio
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import ManualClock
from tests.support.rag.documents import ADDED_AT, make_owner, make_record
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.stores import InMemoryStore, InMemoryStoreFactory

from pfi_common.errors import (
    DiskFullError,
    ForgetIncompleteError,
    IndexLockedError,
    InvalidRequestError,
)
from pfi_rag.application.add_document import AddDocument
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.forget_documents import ForgetDocuments
from pfi_rag.application.ingestion import Ingestion
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.application.search_passages import SearchPassages
from pfi_rag.domain.documents import ForgetReport
from pfi_rag.domain.paging import page_of
from pfi_rag.domain.query import SearchFilter
from pfi_rag.domain.submission import DocumentOutcome, Submission

OWNER = make_owner()


@dataclass
class RecordingMeter:
    """In-memory twin of `pfi_rag.application.meter.Meter`."""

    outcomes: list = field(default_factory=list)
    searches: list = field(default_factory=list)
    reports: list = field(default_factory=list)

    def document_done(self, result):
        self.outcomes.append(result.outcome)

    def search_done(self, result, seconds):
        self.searches.append(seconds)

    def forgotten(self, report):
        self.reports.append(report)


@pytest.fixture
def embedder():
    return HashEmbedder()


@pytest.fixture
async def indexes(embedder):
    made = OpenIndexes(InMemoryStoreFactory(embedder.digest), embedder)
    yield made
    await made.close()


@pytest.fixture
def meter():
    return RecordingMeter()


@pytest.fixture
def add(indexes, embedder, meter):
    return AddDocument(indexes, Ingestion(embedder), meter, ManualClock(ADDED_AT), 10_000)


def described(name: str, content: bytes, **labels: str) -> tuple[Submission, bytes]:
    return Submission.of(name, content, "", labels), content


async def test_outcomes_are_told_and_counted(add, meter):
    first, second = described("a.txt", b"alpha"), described("a.txt", b"beta")
    results = [await add.run(OWNER, *item) for item in (first, first, second)]
    bad = await add.run(OWNER, *described("b.txt", b"\xff"))
    assert [result.outcome.value for result in results] == ["added", "unchanged", "replaced"]
    assert bad.error is not None
    assert meter.outcomes == [result.outcome for result in (*results, bad)]
    assert results[0].document == results[2].document


async def test_many_passages_are_embedded_in_batches(add, embedder):
    text = "\n\n".join(f"# Heading {number}\n\nword{number}" for number in range(70))
    result = await add.run(OWNER, *described("a.md", text.encode()))
    assert result.passages == embedder.embedded == 70


async def test_what_concerns_every_document_is_raised(indexes, meter):
    class FullStore(InMemoryStore):
        def put(self, document, passages):
            raise DiskFullError

    add = AddDocument(indexes, Ingestion(None), meter, ManualClock(ADDED_AT), 10_000)
    async with indexes.reading(OWNER) as store:
        store.__class__ = FullStore
        with pytest.raises(DiskFullError):
            await add.run(OWNER, *described("a.txt", b"alpha"))


async def test_a_locked_index_is_raised(embedder, meter):
    factory = InMemoryStoreFactory(embedder.digest)
    held = factory.open(OWNER)
    add = AddDocument(
        OpenIndexes(factory, None), Ingestion(None), meter, ManualClock(ADDED_AT), 10_000
    )
    with pytest.raises(IndexLockedError):
        await add.run(OWNER, *described("a.txt", b"alpha"))
    held.close()


async def test_searches_go_on_while_a_document_is_embedded(indexes, meter):
    begun, may_go = threading.Event(), threading.Event()

    class SlowEmbedder(HashEmbedder):
        def embed_passages(self, texts):
            begun.set()
            may_go.wait(10)
            return super().embed_passages(texts)

    embedder = SlowEmbedder()
    clock = ManualClock(ADDED_AT)
    add = AddDocument(indexes, Ingestion(embedder), meter, clock, 10_000)
    search = SearchPassages(indexes, embedder, meter, clock)
    adding = asyncio.create_task(add.run(OWNER, *described("a.txt", b"alpha")))
    await asyncio.to_thread(begun.wait, 10)
    assert (await search.run(OWNER, "alpha")).no_evidence
    may_go.set()
    assert (await adding).outcome is DocumentOutcome.ADDED
    assert not (await search.run(OWNER, "alpha")).no_evidence


@pytest.mark.parametrize(
    "narrowed",
    [
        SearchFilter(labels={"a": "x" * 129}),
        SearchFilter(name_prefix="x" * 1025),
        SearchFilter(documents=frozenset(map(str, range(1001)))),
    ],
)
async def test_filters_that_break_a_rule_are_refused(indexes, meter, narrowed):
    search = SearchPassages(indexes, None, meter, ManualClock(ADDED_AT))
    with pytest.raises(InvalidRequestError):
        await search.run(OWNER, "alpha", 0, narrowed)


async def test_text_that_is_left_is_an_error(indexes, meter):
    class LeakyStore(InMemoryStore):
        def forget(self, documents):
            return ForgetReport(1, 1, 0, 9, 2)

    async with indexes.reading(OWNER) as store:
        store.__class__ = LeakyStore
        with pytest.raises(ForgetIncompleteError, match="2 of 9 files"):
            await ForgetDocuments(indexes, meter).run(OWNER, ["d-1"], everything=False)


@pytest.mark.parametrize(("documents", "everything"), [([], False), (["d-1"], True)])
async def test_a_forget_says_what(indexes, meter, documents, everything):
    with pytest.raises(InvalidRequestError):
        await ForgetDocuments(indexes, meter).run(OWNER, documents, everything=everything)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "1 to 1,024"),
        ({"name": "x" * 1025}, "1 to 1,024"),
        ({"name": "a\x1b[31m"}, "printable"),
        ({"name": "\ud800"}, "printable"),
        ({"content_sha256": "xyz"}, "hexadecimal"),
        ({"labels": {str(n): "x" for n in range(17)}}, "16 labels"),
        ({"labels": {"a": ""}}, "1 to 128"),
    ],
)
def test_submissions_that_break_a_rule_are_refused(changes, words):
    fields = {"name": "a", "media_type": "", "size_bytes": 1, "content_sha256": "ab" * 32}
    with pytest.raises(InvalidRequestError, match=words):
        Submission(**(fields | changes)).check(10)


async def test_a_thread_is_waited_for_when_its_caller_is_cancelled():
    begun, may_go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_go.wait(10)
        done.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    may_go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


@given(
    names=st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), max_size=30),
    size=st.integers(1, 7),
)
def test_pages_give_everything_once(names, size):
    records = [make_record(name, ["x"]) for name in sorted(names)]
    seen, token = [], ""
    while True:
        page = page_of(records, OWNER, "", size, token)
        seen += page.documents
        token = page.next_token
        if not token:
            break
    assert seen == records


def test_tokens_are_bound_to_owner_and_list():
    records = [make_record(name, ["x"]) for name in ("a1", "a2", "a3")]
    token = page_of(records, OWNER, "a", 1, "").next_token
    assert page_of(records, OWNER, "a", 1, token).documents[0].name == "a2"
    others = [make_owner("c-000000000002"), make_owner(key="cd" * 32)]
    for owner, prefix, given_token in [
        *((other, "a", token) for other in others),
        (OWNER, "", token),
        (OWNER, "a", token[:-2]),
        (OWNER, "a", "!!"),
        (OWNER, "a", "é"),
    ]:
        with pytest.raises(InvalidRequestError, match="token"):
            page_of(records, owner, prefix, 1, given_token)
    with pytest.raises(InvalidRequestError, match="page_size"):
        page_of(records, OWNER, "", 1001, "")

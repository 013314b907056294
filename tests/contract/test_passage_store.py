"""What every passage store does, run on memory, on Qdrant Edge, and on a Qdrant server if given.

`PFI_TEST_QDRANT_URL` names the server. Without one, the same requests go to qdrant-client's own
engine, which the product never uses.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.support.rag.documents import ADDED_AT, add, ask, make_owner, make_passages, make_record
from tests.support.rag.open_stores import (
    BOILER,
    EMBEDDER,
    PUMP,
    MakeFactory,
    Stores,
    texts_of,
)
from tests.support.rag.stores import InMemoryStoreFactory

from pfi_common.errors import IndexForeignError, IndexLockedError
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.adapters.server import ServerStoreFactory
from pfi_rag.application.ports import PassageStore
from pfi_rag.domain.query import RetrievalMode, SearchFilter

KINDS = {InMemoryStoreFactory: "memory", EdgeStoreFactory: "edge", ServerStoreFactory: "server"}


def test_a_passage_is_found_with_all_that_is_known_of_it(store: PassageStore) -> None:
    record = make_record("pumps/giku.md", PUMP, labels={"site": "north"})
    store.put(record, make_passages(PUMP, EMBEDDER, headings=("Pumps", "Giku")))
    result = ask(store, "locker code of pump Giku", EMBEDDER)
    hit = result.hits[0]
    assert (hit.document, hit.name, hit.position) == (record.document, "pumps/giku.md", 0)
    assert (hit.text, hit.headings) == (PUMP[0], ("Pumps", "Giku"))
    assert (hit.first_line, hit.last_line) == (1, 2)
    assert (hit.dense_rank, hit.bm25_rank) == (1, 1)
    assert hit.score == pytest.approx(1.0)
    assert result.mode is RetrievalMode.HYBRID
    assert result.embedding_model_digest == EMBEDDER.digest
    assert not result.no_evidence


def test_documents_are_listed_by_name(store: PassageStore) -> None:
    second = add(store, "b", BOILER, EMBEDDER, labels={"x": "y"}, media_type="text/html")
    first = add(store, "a", PUMP, EMBEDDER)
    assert store.documents() == [first, second]
    assert store.find("b") == second
    assert store.find("c") is None


NAMES = ["../../etc/passwd", "na\u00efve \u202e name", 'a"b\\c\n', "x" * 1024]
TEXTS = ["Zeile\r\nzwei\n", "日本語 пример 🚰 pump", 'pump "q" \\ \x00 \x1b']


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(store: PassageStore, name: str) -> None:
    record = add(store, name, PUMP, EMBEDDER)
    assert store.documents() == [record]
    assert store.find(name) == record
    assert ask(store, "pump", EMBEDDER).hits[0].name == name


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_as_it_was(store: PassageStore, text: str) -> None:
    add(store, "a", [text + " distinctive"], EMBEDDER)
    assert texts_of(store, "distinctive") == [text + " distinctive"]


def test_a_document_is_replaced_whole(store: PassageStore) -> None:
    add(store, "a", [f"old pump sentence {number}" for number in range(30)], EMBEDDER)
    new = add(store, "a", ["new pump sentence"], EMBEDDER)
    assert store.documents() == [new]
    assert texts_of(store, "pump sentence", limit=50) == ["new pump sentence"]
    assert store.status().passages == 1


def test_a_deleted_document_is_not_found(store: PassageStore) -> None:
    pump, boiler = add(store, "a", PUMP, EMBEDDER), add(store, "b", BOILER, EMBEDDER)
    assert store.delete(pump.document) == 2
    assert store.delete(pump.document) == 0
    assert store.documents() == [boiler]
    assert texts_of(store, "pump Giku locker code") == []
    assert texts_of(store, "boiler") != []


@pytest.mark.parametrize("document", ["", "d-0000000000000000", "../a", "*", "d-" + "f" * 500])
def test_what_is_not_there_is_not_deleted(store: PassageStore, document: str) -> None:
    add(store, "a", PUMP, EMBEDDER)
    assert store.delete(document) == 0
    report = store.forget([document])
    assert (report.documents, report.passages, report.kept_passages) == (0, 0, 2)
    assert texts_of(store, "locker code") == [PUMP[0]]


def test_forgotten_documents_are_gone_and_others_stay(store: PassageStore) -> None:
    pump, boiler = add(store, "a", PUMP, EMBEDDER), add(store, "b", BOILER, EMBEDDER)
    report = store.forget([pump.document])
    assert (report.documents, report.passages, report.kept_passages) == (1, 2, 2)
    assert report.files_with_text == 0
    assert store.documents() == [boiler]
    assert texts_of(store, "locker code") == []
    assert texts_of(store, "boiler hums")[0] == BOILER[0]
    add(store, "a", PUMP, EMBEDDER)
    assert texts_of(store, "locker code") == [PUMP[0]]


def test_everything_can_be_forgotten(stores: Stores) -> None:
    store = stores.open()
    add(store, "a", PUMP, EMBEDDER)
    add(store, "b", BOILER, EMBEDDER)
    report = store.forget(None)
    assert (report.documents, report.passages, report.kept_passages) == (2, 4, 0)
    assert store.documents() == []
    assert ask(store, "pump", EMBEDDER).no_evidence
    add(store, "c", PUMP, EMBEDDER)
    stores.close(store)
    assert [record.name for record in stores.open().documents()] == ["c"]


def test_what_was_put_is_there_after_closing(stores: Stores) -> None:
    store = stores.open()
    record = add(store, "a", PUMP, EMBEDDER, labels={"k": "v"})
    stores.close(store)
    again = stores.open()
    assert again.documents() == [record]
    assert texts_of(again, "locker code") == [PUMP[0]]


def test_nothing_speaks_of_the_query(store: PassageStore) -> None:
    assert ask(store, "anything", EMBEDDER).no_evidence
    add(store, "a", PUMP, EMBEDDER)
    result = ask(store, "zebra quagga", EMBEDDER)
    assert result.no_evidence
    assert result.hits == ()


def test_the_limit_holds(store: PassageStore) -> None:
    add(store, "a", [f"pump number {number}" for number in range(60)], EMBEDDER)
    assert len(texts_of(store, "pump number", limit=1)) == 1
    assert len(texts_of(store, "pump number", limit=50)) == 50


FILTERS = {
    "documents": SearchFilter(documents=frozenset({make_record("a/1", []).document})),
    "name_prefix": SearchFilter(name_prefix="a/"),
    "media_types": SearchFilter(media_types=frozenset({"text/markdown"})),
    "labels": SearchFilter(labels={"site": "north"}),
    "added_after": SearchFilter(added_after=ADDED_AT),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_narrows(store: PassageStore, name: str) -> None:
    admitted = {"media_type": "text/markdown", "labels": {"site": "north", "x": "y"}}
    add(store, "a/1", ["pump one"], EMBEDDER, **admitted)
    before = ADDED_AT - timedelta(seconds=1)
    add(store, "b/1", ["pump two"], EMBEDDER, added_at=before, labels={"site": "south"})
    assert texts_of(store, "pump", narrowed=FILTERS[name]) == ["pump one"]
    assert len(texts_of(store, "pump")) == 2


def test_a_filter_that_admits_nothing_finds_nothing(store: PassageStore) -> None:
    add(store, "a", PUMP, EMBEDDER)
    narrowed = SearchFilter(documents=frozenset({"d-ffffffffffffffff", "../a", '"'}))
    assert ask(store, "pump", EMBEDDER, narrowed=narrowed).no_evidence


def test_owners_are_apart(stores: Stores) -> None:
    mine, yours = stores.open(), stores.open(make_owner("c-000000000002", "cd" * 32))
    record = add(mine, "a", PUMP, EMBEDDER)
    add(yours, "b", ["The pump of another house."], EMBEDDER)
    assert texts_of(yours, "locker code pump Giku") == ["The pump of another house."]
    narrowed = SearchFilter(documents=frozenset({record.document}))
    assert ask(yours, "pump", EMBEDDER, narrowed=narrowed).no_evidence
    assert yours.delete(record.document) == 0
    yours.forget([record.document])
    yours.forget(None)
    assert mine.documents() == [record]
    assert texts_of(mine, "locker code") == [PUMP[0]]


def test_an_index_stays_with_its_key(stores: Stores) -> None:
    store = stores.open()
    add(store, "a", PUMP, EMBEDDER)
    stores.close(store)
    with pytest.raises(IndexForeignError):
        stores.open(make_owner(key="cd" * 32))
    assert stores.open().documents() != []


@pytest.fixture
def locking_stores(make_factory: MakeFactory, request: pytest.FixtureRequest) -> Iterator[Stores]:
    if "server" in request.node.callspec.params["make_factory"]:
        pytest.skip("a server serves many at once")
    made = Stores(make_factory)
    yield made
    made.close_all()


def test_an_index_is_opened_once(locking_stores: Stores) -> None:
    store = locking_stores.open()
    with pytest.raises(IndexLockedError):
        locking_stores.open()
    locking_stores.close(store)
    locking_stores.open()


def test_the_status_counts(store: PassageStore) -> None:
    add(store, "a", PUMP, EMBEDDER)
    store.flush()
    status = store.status()
    assert (status.documents, status.passages, status.missing_vectors) == (1, 2, 0)
    assert (status.mode, status.reindexing) == (RetrievalMode.HYBRID, False)


def test_a_store_says_which_it_is(make_factory: MakeFactory, stores: Stores) -> None:
    assert stores.open().status().store == KINDS[type(make_factory(None))]

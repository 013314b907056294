"""What every passage store does, run on memory, on Qdrant Edge, and on a Qdrant server if given.

`PFI_TEST_QDRANT_URL` names the server. Without one, the same requests go to qdrant-client's own
engine, which the product never uses.
"""

import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from qdrant_client import QdrantClient
from tests.support.rag.documents import ADDED_AT, add, ask, make_owner, make_passages, make_record
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.stores import InMemoryStoreFactory, Partition

from pfi_common.errors import EmbeddingModelInvalidError, IndexForeignError, IndexLockedError
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.adapters.server import ServerAddress, ServerStoreFactory, connect
from pfi_rag.application.ports import PassageStore, StoreFactory
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.query import RetrievalMode, SearchFilter

EMBEDDER = HashEmbedder()
OWNER = make_owner()
PUMP = ["For Pump Giku, the locker code is 4827.", "The pump was serviced in March."]
BOILER = ["The boiler in hall seven hums.", "Its warranty ends in 2031."]

MakeFactory = Callable[[str | None], StoreFactory]


def memory_factories() -> MakeFactory:
    partitions: dict[str, Partition] = {}
    return lambda digest: InMemoryStoreFactory(digest, partitions)


def server_factories(client: QdrantClient) -> MakeFactory:
    collection = f"pfi-test-{secrets.token_hex(6)}"
    return lambda digest: ServerStoreFactory(client, collection, digest)


def server_client() -> QdrantClient:
    url = os.environ.get("PFI_TEST_QDRANT_URL")  # noqa: TID251
    if not url:
        pytest.skip("PFI_TEST_QDRANT_URL names no Qdrant server")
    return connect(ServerAddress(url))


@pytest.fixture(params=["memory", "edge", "server", "server-simulated"])
def make_factory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeFactory]:
    """Makes factories over the same indexes, for an embedding model or none."""
    if request.param == "memory":
        yield memory_factories()
    elif request.param == "edge":
        yield lambda digest: EdgeStoreFactory(tmp_path / "indexes", digest)
    else:
        simulated = request.param == "server-simulated"
        client = QdrantClient(":memory:") if simulated else server_client()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Payload indexes have no effect")
            yield server_factories(client)
        for collection in client.get_collections().collections:
            if collection.name.startswith("pfi-test-"):
                client.delete_collection(collection.name)
        client.close()


class Stores:
    """Opens stores and closes them at the end of the test."""

    def __init__(self, make_factory: MakeFactory) -> None:
        self._make_factory = make_factory
        self._open: list[PassageStore] = []

    def open(self, owner: Owner = OWNER, model: HashEmbedder | None = EMBEDDER) -> PassageStore:
        store = self._make_factory(model.digest if model else None).open(owner)
        self._open.append(store)
        return store

    def close(self, store: PassageStore) -> None:
        self._open.remove(store)
        store.close()

    def close_all(self) -> None:
        while self._open:
            self._open.pop().close()


@pytest.fixture
def stores(make_factory: MakeFactory) -> Iterator[Stores]:
    made = Stores(make_factory)
    yield made
    made.close_all()


@pytest.fixture
def store(stores: Stores) -> PassageStore:
    return stores.open()


def texts_of(store: PassageStore, text: str, **how: object) -> list[str]:
    return [hit.text for hit in ask(store, text, EMBEDDER, **how).hits]


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


def test_without_a_model_words_alone_count(stores: Stores) -> None:
    store = stores.open(model=None)
    add(store, "a", PUMP)
    result = ask(store, "locker code")
    assert result.mode is RetrievalMode.BM25
    assert result.embedding_model_digest == ""
    assert [hit.dense_rank for hit in result.hits] == [0]
    status = store.status()
    assert (status.mode, status.missing_vectors) == (RetrievalMode.BM25, 0)


def test_a_new_model_needs_new_vectors(stores: Stores) -> None:
    store = stores.open()
    add(store, "a", PUMP, EMBEDDER)
    add(store, "b", BOILER, EMBEDDER)
    stores.close(store)
    newer = HashEmbedder(seed=1)
    store = stores.open(model=newer)
    assert store.status().missing_vectors == 4
    assert ask(store, "locker code", newer).mode is RetrievalMode.BM25
    seen: list[tuple[int, int]] = []
    store.reindex(newer, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4)
    status = store.status()
    assert (status.mode, status.missing_vectors) == (RetrievalMode.HYBRID, 0)
    result = ask(store, "locker code", newer)
    assert (result.mode, result.embedding_model_digest) == (RetrievalMode.HYBRID, newer.digest)
    assert result.hits[0].dense_rank == 1
    store.reindex(newer, lambda done, total: seen.append((done, total)))
    assert newer.embedded == 4


def test_embedding_can_be_stopped_and_goes_on(stores: Stores) -> None:
    store = stores.open(model=None)
    for number in range(100):
        add(store, f"n{number}", [f"pump number {number}", f"valve number {number}"])
    stores.close(store)
    store = stores.open()
    counting = HashEmbedder()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.reindex(counting, stop)
    done = counting.embedded
    assert 0 < done < 200
    assert not store.status().reindexing
    assert store.status().missing_vectors == 200 - done
    stores.close(store)
    store = stores.open()
    store.reindex(counting, lambda done, total: None)
    assert counting.embedded == 200
    assert store.status().mode is RetrievalMode.HYBRID


def test_vectors_of_another_model_are_refused(store: PassageStore) -> None:
    with pytest.raises(EmbeddingModelInvalidError):
        store.reindex(HashEmbedder(seed=9), lambda done, total: None)


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

"""What every passage store does when the embedding model comes, goes or changes."""

import pytest
from tests.support.rag.documents import add, ask
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.open_stores import BOILER, EMBEDDER, PUMP, Stores

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_rag.application.ports import PassageStore
from pfi_rag.domain.query import RetrievalMode


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

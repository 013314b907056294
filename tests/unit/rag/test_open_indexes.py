"""Open indexes: one per owner, bounded, closed safely, embedded anew beside their use."""

import asyncio
import threading
from dataclasses import replace

import pytest
from tests.support.grpc_server import eventually
from tests.support.rag.documents import make_owner, make_passages, make_record
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.stores import InMemoryStoreFactory

from pfi_common.errors import IndexForeignError
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.application.open_indexes import OpenIndexes

TEXTS = ["alpha beta", "gamma delta"]


class WatchedFactory(InMemoryStoreFactory):
    """Counts how many stores are opened and closed."""

    opened = 0
    closed = 0

    def open(self, owner):
        store = super().open(owner)
        self.opened += 1
        close = store.close

        def watched():
            self.closed += 1
            close()

        store.close = watched
        return store


@pytest.fixture
def factory():
    return WatchedFactory()


async def test_an_index_is_opened_once(factory):
    indexes = OpenIndexes(factory, None)
    owner = make_owner()

    async def use():
        async with indexes.reading(owner) as store:
            await asyncio.sleep(0)
            return store

    stores = await asyncio.gather(*(use() for _ in range(20)))
    assert len({id(store) for store in stores}) == 1
    assert factory.opened == 1
    await indexes.close()
    assert factory.closed == 1


async def test_few_stay_open(factory):
    indexes = OpenIndexes(factory, None, maximum_open=3)
    for number in range(300):
        async with indexes.reading(make_owner(f"c-{number:012}")):
            pass
    assert indexes.open_count == 3
    assert len(indexes._entries) == 3
    assert factory.closed == 297
    await indexes.close()
    assert factory.closed == 300


async def test_an_index_in_use_is_not_closed(factory):
    indexes = OpenIndexes(factory, None, maximum_open=1)
    first, second = make_owner("c-000000000001"), make_owner("c-000000000002")
    async with indexes.reading(first):
        async with indexes.reading(second):
            assert indexes.open_count == 2
        assert indexes.open_count == 1
        async with indexes.reading(first):
            pass
        assert factory.opened == 2
    await indexes.close()


async def test_the_one_used_longest_ago_is_closed(factory):
    indexes = OpenIndexes(factory, None, maximum_open=2)
    owners = [make_owner(f"c-{number:012}") for number in range(3)]
    for owner in (owners[0], owners[1], owners[0], owners[2], owners[0]):
        async with indexes.reading(owner):
            pass
    assert factory.opened == 3
    await indexes.close()


async def test_many_owners_at_once_never_meet_a_locked_index(factory):
    indexes = OpenIndexes(factory, None, maximum_open=2)

    async def use(number: int) -> None:
        async with indexes.writing(make_owner(f"c-{number % 7:012}")) as store:
            await asyncio.sleep(0)
            assert store.documents() is not None

    await asyncio.gather(*(use(number) for number in range(200)))
    assert indexes.open_count <= 2
    await indexes.close()
    assert factory.opened == factory.closed


async def test_writers_take_turns(factory):
    indexes = OpenIndexes(factory, None)
    inside = 0

    async def write() -> None:
        nonlocal inside
        async with indexes.writing(make_owner()):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(write() for _ in range(10)))
    await indexes.close()


async def test_a_failure_to_open_leaves_nothing_behind(factory):
    indexes = OpenIndexes(factory, None)
    async with indexes.reading(make_owner()):
        pass
    with pytest.raises(IndexForeignError):
        async with indexes.reading(make_owner(key="cd" * 32)):
            pass
    assert len(indexes._entries) == 1
    await indexes.close()


def stored_without_model() -> dict:
    partitions = {}
    store = InMemoryStoreFactory(None, partitions).open(make_owner())
    store.put(make_record("a.txt", TEXTS), make_passages(TEXTS))
    store.close()
    return partitions


async def test_an_index_of_another_model_is_embedded_anew():
    embedder = HashEmbedder()
    factory = InMemoryStoreFactory(embedder.digest, stored_without_model())
    indexes = OpenIndexes(factory, embedder)
    async with indexes.reading(make_owner()) as store:
        assert indexes.is_reindexing(make_owner())
        await eventually(lambda: not indexes.is_reindexing(make_owner()))
        assert not store.status().missing_vectors
    assert embedder.embedded == len(TEXTS)
    await indexes.close()


async def test_closing_stops_the_embedding():
    begun, may_go = threading.Event(), threading.Event()

    class SlowEmbedder(HashEmbedder):
        def embed_passages(self, texts):
            begun.set()
            may_go.wait(60)
            return super().embed_passages(texts)

    embedder = SlowEmbedder()
    factory = InMemoryStoreFactory(embedder.digest, stored_without_model())
    indexes = OpenIndexes(factory, embedder)
    async with indexes.reading(make_owner()):
        await asyncio.to_thread(begun.wait, 60)
    closing = asyncio.create_task(indexes.close())
    await asyncio.sleep(0.02)
    may_go.set()
    await closing
    assert embedder.embedded == 1


async def test_an_index_whose_opening_nobody_waits_for_is_not_lost(tmp_path):
    """An embedded index that is open and forgotten would stay locked for ever."""
    begun, may_end = threading.Event(), threading.Event()
    inner = EdgeStoreFactory(tmp_path, None)

    class SlowFactory:
        def open(self, owner):
            begun.set()
            assert may_end.wait(60)
            return inner.open(owner)

    indexes, owner = OpenIndexes(SlowFactory(), None), make_owner()

    async def use():
        async with indexes.reading(owner) as store:
            return store.documents()

    gone = asyncio.create_task(use())
    assert await asyncio.to_thread(begun.wait, 60)
    gone.cancel()
    asyncio.get_running_loop().call_soon(may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await use() == []
    await indexes.close()
    inner.open(owner).close()


async def test_indexes_are_embedded_one_at_a_time_and_closed_before_their_turn(monkeypatch):
    at_work, most, go_on = 0, 0, threading.Event()
    counting = threading.Lock()
    factory = InMemoryStoreFactory(HashEmbedder().digest, stored_without_model())
    open_store = factory.open

    def opened(owner):
        store = open_store(owner)
        store.status = lambda: replace(type(store).status(store), missing_vectors=1)

        def reindex(_embedder, _progress):
            nonlocal at_work, most
            with counting:
                at_work += 1
                most = max(most, at_work)
            assert go_on.wait(10)
            with counting:
                at_work -= 1

        store.reindex = reindex
        return store

    monkeypatch.setattr(factory, "open", opened)
    indexes = OpenIndexes(factory, HashEmbedder(), maximum_open=1)
    async with indexes.reading(make_owner("c-00000000000a")):
        await eventually(lambda: at_work == 1)
        async with indexes.reading(make_owner("c-00000000000b")):
            assert indexes.is_reindexing(make_owner("c-00000000000b"))
        # It waited for its turn, and is closed without one.
        assert indexes.open_count == 1
        go_on.set()
    await indexes.close()
    assert most == 1


async def test_an_unforeseen_failure_of_the_embedding_does_not_keep_an_index_open():
    factory = WatchedFactory(HashEmbedder().digest, stored_without_model())
    embedder = HashEmbedder()

    def fail(_texts):
        raise RuntimeError

    embedder.embed_passages = fail
    indexes = OpenIndexes(factory, embedder)
    heard: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    async with indexes.reading(make_owner()):
        await eventually(lambda: not indexes.is_reindexing(make_owner()))
    await indexes.close()
    assert factory.closed == 1

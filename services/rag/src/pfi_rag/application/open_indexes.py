"""Indexes that are open: one of each owner, at most so many, closed when others are needed."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from pfi_common.errors import PlatformError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.ports import Embedder, PassageStore, StoreFactory
from pfi_rag.domain.ownership import Owner


class _StoppedError(Exception):
    """The index is about to be closed."""


@dataclass
class _Entry:
    """An index that is open or about to be.

    Attributes:
        store: The index, while it is open.
        users: Blocks that hold it.
        gate: Held while it is opened or closed.
        writes: Held while it is changed.
        reindexing: Embeds passages anew.
        stopping: True when that has to end.
        lacking: True when passages had no vector of the model when it was opened.
        embedding: True while the embedding has its turn.
    """

    store: PassageStore | None = None
    users: int = 0
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    writes: asyncio.Lock = field(default_factory=asyncio.Lock)
    reindexing: "asyncio.Task[None] | None" = None
    stopping: bool = False
    lacking: bool = False
    embedding: bool = False


class OpenIndexes:
    """Opens indexes at first use and keeps them open.

    Args:
        factory: Opens them.
        embedder: The model; an index that was made with another one is embedded anew beside its
            use. None where no model is installed.
        maximum_open: So many stay open when nobody uses them.
    """

    def __init__(
        self, factory: StoreFactory, embedder: Embedder | None, maximum_open: int = 64
    ) -> None:
        self._factory = factory
        self._embedder = embedder
        self._maximum_open = maximum_open
        self._entries: OrderedDict[Owner, _Entry] = OrderedDict()
        # One at a time: each takes a thread for minutes, which searches need, too.
        self._embedding = asyncio.Lock()

    @property
    def open_count(self) -> int:
        """How many are open."""
        return sum(entry.store is not None for entry in self._entries.values())

    @asynccontextmanager
    async def reading(self, owner: Owner) -> AsyncIterator[PassageStore]:
        """Holds the owner's index open; it may be changed meanwhile.

        Raises:
            IndexLockedError: Another process has it open.
            IndexForeignError: Another key made it.
            IndexDamagedError: It cannot be read.
        """
        async with self._held(owner) as (_, store):
            yield store

    @asynccontextmanager
    async def writing(self, owner: Owner) -> AsyncIterator[PassageStore]:
        """Holds the owner's index open and keeps other changes out. Raises what `reading` does."""
        async with self._held(owner) as (entry, store), entry.writes:
            yield store

    def is_reindexing(self, owner: Owner) -> bool:
        """True while the owner's open index is embedded anew; it begins when it is opened."""
        entry = self._entries.get(owner)
        task = None if entry is None else entry.reindexing
        return task is not None and not task.done()

    async def close(self) -> None:
        """Closes every index; the last call."""
        for entry in list(self._entries.values()):
            await self._close(entry)
        self._entries.clear()

    @asynccontextmanager
    async def _held(self, owner: Owner) -> AsyncIterator[tuple[_Entry, PassageStore]]:
        entry = self._entries.get(owner) or self._entries.setdefault(owner, _Entry())
        self._entries.move_to_end(owner)
        entry.users += 1
        try:
            yield entry, await self._opened(owner, entry)
        finally:
            entry.users -= 1
            await self._close_others()

    async def _opened(self, owner: Owner, entry: _Entry) -> PassageStore:
        async with entry.gate:
            store = entry.store
            if store is None:
                entry.stopping = False
                store = await in_thread(self._open, owner, entry)
            if entry.lacking and entry.reindexing is None and self._embedder is not None:
                work = self._reindex(entry, store, self._embedder)
                entry.reindexing = asyncio.create_task(work)
            return store

    def _open(self, owner: Owner, entry: _Entry) -> PassageStore:
        """Opens an index, in a thread; it is kept even when the caller has gone meanwhile."""
        store = entry.store = self._factory.open(owner)
        entry.lacking = self._embedder is not None and store.status().missing_vectors > 0
        return store

    async def _reindex(self, entry: _Entry, store: PassageStore, embedder: Embedder) -> None:
        def stop_if_closing(_done: int, _total: int) -> None:
            if entry.stopping:
                raise _StoppedError

        async with self._embedding:
            entry.embedding = True
            try:
                with suppress(_StoppedError):
                    await in_thread(store.reindex, embedder, stop_if_closing)
                    get_logger().info(Event.INDEX_REINDEXED)
            except PlatformError as error:
                get_logger().error(Event.INDEX_REINDEXING_FAILED, error=error)
            finally:
                entry.embedding = False

    async def _close_others(self) -> None:
        """Closes the indexes that were used longest ago until few enough are open."""
        while self.open_count > self._maximum_open:
            idle = [entry for entry in self._entries.values() if _is_idle(entry)]
            if not idle:
                return
            await self._close(idle[0])
        for owner in [owner for owner, entry in self._entries.items() if _is_forgettable(entry)]:
            del self._entries[owner]

    async def _close(self, entry: _Entry) -> None:
        async with entry.gate:
            if entry.users or entry.store is None:
                return
            entry.stopping = True
            await _end_reindexing(entry)
            store, entry.store = entry.store, None
            await in_thread(store.close)


async def _end_reindexing(entry: _Entry) -> None:
    task, entry.reindexing = entry.reindexing, None
    if task is None:
        return
    if not entry.embedding:
        task.cancel()
    # Its failure is no reason to leave the index open, and so locked.
    await asyncio.wait([task])


def _is_idle(entry: _Entry) -> bool:
    return entry.store is not None and not entry.users and not entry.gate.locked()


def _is_forgettable(entry: _Entry) -> bool:
    return entry.store is None and not entry.users and not entry.gate.locked()

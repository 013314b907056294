"""The index of one owner: document files, a Qdrant Edge shard, and a lock on both."""

import secrets
import shutil
import threading
from collections.abc import Collection, Sequence

from pfi_common.errors import DiskFullError, StoreUnavailableError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_rag.adapters.edge import forgetting
from pfi_rag.adapters.edge.failures import EdgeFailures
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.adapters.edge.library import Kept
from pfi_rag.adapters.edge.opened import OpenIndex
from pfi_rag.adapters.edge.optimising import optimise_when_due
from pfi_rag.adapters.edge.reindexing import embed_missing, missing_vectors
from pfi_rag.adapters.edge.room import bytes_for, require_little_room, require_room
from pfi_rag.adapters.edge.searching import find_passages
from pfi_rag.adapters.edge.usage import allocated_bytes
from pfi_rag.application.ports import Embedder, Progress
from pfi_rag.domain.documents import (
    DocumentRecord,
    ForgetReport,
    StoredPassage,
    document_id,
    is_document_id,
)
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.query import IndexStatus, Query, RetrievalMode, SearchResult

_FLUSH_PASSAGES = 5_000
"""A flush takes 0.1 s; so many passages take longer to write than that."""


class EdgeStore:
    """A `PassageStore` in a folder that no other process can open.

    Writes are made one at a time, and searches go on beside them. A document counts from the
    renaming of its file; what the shard holds of another revision is hidden until it is removed.

    Args:
        layout: The index.
        owner: Its owner.
        model_digest: Embedding model of the vectors; none for BM25 alone.

    Raises:
        IndexLockedError: It is open elsewhere.
        IndexForeignError: It is another owner's.
        IndexDamagedError: It cannot be read.
    """

    def __init__(self, layout: IndexLayout, owner: Owner, model_digest: str | None) -> None:
        self._layout = layout
        self._owner = owner
        self._model = model_digest or ""
        self._writing = threading.RLock()
        self._using = threading.Lock()
        self._opening = threading.RLock()
        self._opened: OpenIndex | None = OpenIndex(layout, owner)
        self._missing: int | None = None
        self._unflushed = 0
        self._reindexing = False
        self._optimising = True

    @property
    def _index(self) -> OpenIndex:
        """The index; opened again where an erasure failed after it had removed the old one."""
        with EdgeFailures(), self._opening:
            if self._opened is None:
                self._opened = OpenIndex(self._layout, self._owner)
            return self._opened

    @EdgeFailures()
    def put(self, document: DocumentRecord, passages: Sequence[StoredPassage]) -> None:
        """See `PassageStore.put`."""
        with self._writing:
            index = self._index
            require_room(self._layout.folder, bytes_for(passages))
            forgetting.spare(self._layout, document.document)
            source, spans = index.library.prepare(document, passages)
            index.catalogue.hide(source)
            try:
                index.shelf.shard.add(source, passages, spans, self._model)
                index.library.commit(source)
            except BaseException:
                self._withdraw(source)
                raise
            before = index.catalogue.show(Kept(document, source))
            if before:
                self._remove(before.source)
            self._changed(len(passages))

    def search(self, query: Query) -> SearchResult:
        """See `PassageStore.search`."""
        with self._using:
            hybrid = query.vector is not None and self._mode() is RetrievalMode.HYBRID
            asked = query if hybrid else Query(query.text, None, query.limit, query.filter)
            hits = find_passages(self._index, asked)
        mode = RetrievalMode.HYBRID if hybrid else RetrievalMode.BM25
        return SearchResult(hits, mode, self._model if hybrid else "")

    def documents(self) -> list[DocumentRecord]:
        """See `PassageStore.documents`."""
        return self._index.catalogue.records()

    def find(self, name: str) -> DocumentRecord | None:
        """See `PassageStore.find`."""
        found = self._index.catalogue.get(document_id(name))
        return found.record if found else None

    @EdgeFailures()
    def delete(self, document: str) -> int:
        """See `PassageStore.delete`."""
        with self._writing:
            index = self._index
            require_little_room(self._layout.folder)
            found = index.catalogue.remove(document)
            if found is None:
                return 0
            self._remove(found.source)
            self._changed(found.record.passages)
            return found.record.passages

    @EdgeFailures()
    def forget(self, documents: Collection[str] | None) -> ForgetReport:
        """See `PassageStore.forget`."""
        with self._writing:
            self._remove_doomed()
            if documents is None:
                return self._forget_everything()
            known = [item for item in map(self._index.catalogue.get, set(documents)) if item]
            unfinished = forgetting.begun(self._layout) or []
            documents = {item for item in (*documents, *unfinished) if is_document_id(item)}
            forgetting.check_room(self._layout, self._index.shelf)
            pieces = forgetting.traces(self._index.library, self._index.shelf.shard, documents)
            forgetting.begin(self._layout, documents)
            for item in known:
                self._index.catalogue.remove(item.record.document)
            forgetting.erase(self._layout, self._index.library, self._index.shelf, documents)
            for item in known:
                self._index.catalogue.gone(item.source)
            return self._report(known, pieces)

    def status(self) -> IndexStatus:
        """See `PassageStore.status`."""
        with self._using:
            records = self._index.catalogue.records()
            return IndexStatus(
                documents=len(records),
                passages=sum(record.passages for record in records),
                mode=self._mode(),
                missing_vectors=self._count_missing() if self._model else 0,
                stored_bytes=allocated_bytes(self._layout.folder),
                store="edge",
                reindexing=self._reindexing,
            )

    @EdgeFailures()
    def reindex(self, embedder: Embedder, progress: Progress) -> None:
        """See `PassageStore.reindex`."""
        self._reindexing = True
        try:
            for done, total in embed_missing(
                lambda: self._index, self._writing, embedder, self._model
            ):
                self._missing = None
                progress(done, total)
            self.flush()
        finally:
            self._missing = None
            self._reindexing = False

    @EdgeFailures()
    def flush(self) -> None:
        """See `PassageStore.flush`; also builds the graph of a large index, when that is due."""
        with self._writing:
            self._index.shelf.shard.flush()
            self._unflushed = 0
            self._optimise()

    def close(self) -> None:
        """See `PassageStore.close`."""
        with self._writing, self._using, self._opening:
            if self._opened is not None:
                self._opened.close()

    def _optimise(self) -> None:
        """Optimises when due. After a failure it is left until the next opening: it takes long."""
        if self._optimising:
            try:
                optimise_when_due(self._layout, self._index.shelf)
            except (StoreUnavailableError, DiskFullError) as error:
                self._optimising = False
                get_logger().error(Event.INDEX_OPTIMISING_FAILED, error=error)

    def _mode(self) -> RetrievalMode:
        complete = bool(self._model) and self._count_missing() == 0
        return RetrievalMode.HYBRID if complete else RetrievalMode.BM25

    def _count_missing(self) -> int:
        if self._missing is None:
            self._missing = missing_vectors(self._index, self._model)
        return self._missing

    def _changed(self, passages: int) -> None:
        self._missing = None
        self._unflushed += passages
        if self._unflushed >= _FLUSH_PASSAGES:
            self._index.shelf.shard.flush()
            self._unflushed = 0

    def _remove(self, source: str) -> None:
        """Removes a hidden revision: its file first, since that is what counts."""
        self._index.library.discard(source)
        self._index.shelf.shard.remove(source)
        self._index.catalogue.gone(source)

    def _withdraw(self, source: str) -> None:
        """Undoes a put that failed; it stays hidden if even that fails, until the next opening."""
        self._index.library.abandon(source)
        self._index.shelf.shard.remove(source)
        self._index.catalogue.gone(source)

    def _report(self, known: Sequence[Kept], pieces: set[bytes]) -> ForgetReport:
        library, catalogue = self._index.library, self._index.catalogue
        staying = [library.path(source) for source in catalogue.sources()]
        searched, holding = forgetting.files_with(self._layout, pieces, staying)
        if not holding:
            forgetting.finish(self._layout)
        self._missing = None
        return ForgetReport(
            documents=len(known),
            passages=sum(item.record.passages for item in known),
            kept_passages=sum(record.passages for record in catalogue.records()),
            searched_files=searched,
            files_with_text=holding,
        )

    def _forget_everything(self) -> ForgetReport:
        """Removes the folder and opens a new one in its place."""
        catalogue = self._index.catalogue
        known = [item for record in catalogue.records() if (item := catalogue.get(record.document))]
        ids = [item.record.document for item in known]
        pieces = forgetting.traces(self._index.library, self._index.shelf.shard, ids)
        with self._using, self._opening:
            index, self._opened = self._index, None
            index.close()
            folder = self._layout.folder
            folder.rename(folder.with_name(f".{folder.name}.{secrets.token_hex(6)}"))
            self._remove_doomed()
        return self._report(known, pieces)

    def _remove_doomed(self) -> None:
        """Removes the folders of indexes that were forgotten, and of removals that failed."""
        for doomed in self._layout.doomed():
            shutil.rmtree(doomed)

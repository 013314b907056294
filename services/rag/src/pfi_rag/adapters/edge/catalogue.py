"""Which documents are visible, in memory."""

import threading
from collections.abc import Collection

from pfi_rag.adapters.edge.layout import revision_of
from pfi_rag.adapters.edge.library import Kept
from pfi_rag.adapters.edge.points import Scope
from pfi_rag.domain.documents import DocumentRecord
from pfi_rag.domain.query import SearchFilter


class Catalogue:
    """The documents of an index, and the sources whose passages must not be seen.

    Args:
        kept: Documents that are there.
    """

    def __init__(self, kept: Collection[Kept]) -> None:
        self._lock = threading.Lock()
        self._by_document = {item.record.document: item for item in kept}
        self._by_revision = {revision_of(item.source): item for item in kept}
        self._hidden: set[str] = set()

    def records(self) -> list[DocumentRecord]:
        """Lists the documents, sorted by name."""
        with self._lock:
            records = [item.record for item in self._by_document.values()]
        return sorted(records, key=lambda record: record.name)

    def get(self, document: str) -> Kept | None:
        """Gives a document."""
        with self._lock:
            return self._by_document.get(document)

    def of_revision(self, revision: int) -> Kept | None:
        """Gives the document that a visible revision is of."""
        with self._lock:
            return self._by_revision.get(revision)

    def sources(self) -> list[str]:
        """Gives the visible sources."""
        with self._lock:
            return [item.source for item in self._by_revision.values()]

    def hide(self, source: str) -> None:
        """Keeps a source out of searches."""
        with self._lock:
            self._hidden.add(source)

    def show(self, item: Kept) -> Kept | None:
        """Makes a revision the document and hides the one before, which is given."""
        with self._lock:
            before = self._take(item.record.document)
            self._hidden.discard(item.source)
            self._by_document[item.record.document] = item
            self._by_revision[revision_of(item.source)] = item
        return before

    def remove(self, document: str) -> Kept | None:
        """Makes a document unknown, hides its source, and gives it."""
        with self._lock:
            return self._take(document)

    def gone(self, source: str) -> None:
        """Says that nothing of a hidden source is left."""
        with self._lock:
            self._hidden.discard(source)

    def scope(self, narrowed: SearchFilter) -> Scope | None:
        """Gives what a search may see; `None`: nothing."""
        with self._lock:
            if not self._by_revision:
                return None
            if narrowed.admits_all:
                return Scope(without=tuple(self._hidden))
            admitted = [
                item.source for item in self._by_revision.values() if narrowed.admits(item.record)
            ]
        return Scope(only=tuple(admitted)) if admitted else None

    def _take(self, document: str) -> Kept | None:
        found = self._by_document.pop(document, None)
        if found:
            del self._by_revision[revision_of(found.source)]
            self._hidden.add(found.source)
        return found

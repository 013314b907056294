"""The document files of an index: which documents there are."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pfi_common.identity.files import sync_folder
from pfi_rag.adapters.edge.document_file import (
    Span,
    read_passage,
    read_record,
    write_document,
)
from pfi_rag.adapters.edge.layout import IndexLayout, source_name, split_source
from pfi_rag.domain.documents import DocumentRecord, StoredPassage


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that is there.

    Attributes:
        record: What is known of it.
        source: The revision that counts.
    """

    record: DocumentRecord
    source: str


class Library:
    """Document files on disk. The newest committed revision of a document is the document.

    Args:
        layout: The index.
    """

    def __init__(self, layout: IndexLayout) -> None:
        self._layout = layout
        layout.documents.mkdir(mode=0o700, exist_ok=True)
        self._revision = max((revision for _, revision in self._revisions()), default=0)

    def recover(self) -> list[Kept]:
        """Removes what a kill left over, and gives the documents.

        Raises:
            IndexDamagedError: A document's file cannot be read.
        """
        for path in self._layout.leftovers():
            path.unlink()
        newest: dict[str, int] = {}
        for document, revision in sorted(self._revisions()):
            if document in newest:
                self.discard(source_name(document, newest[document]))
            newest[document] = revision
        sources = [source_name(document, revision) for document, revision in newest.items()]
        return [Kept(read_record(self.path(source)), source) for source in sources]

    def path(self, source: str) -> Path:
        """Gives the file of a committed revision."""
        return self._layout.document(source)

    def passage(self, source: str, position: int, span: Span) -> StoredPassage:
        """Reads one passage of a committed revision.

        Raises:
            FileNotFoundError: The document was replaced or deleted meanwhile.
            IndexDamagedError: There is no passage at this place.
        """
        return read_passage(self._layout.passages_of(source), span, position)

    def prepare(
        self, record: DocumentRecord, passages: Sequence[StoredPassage]
    ) -> tuple[str, list[Span]]:
        """Writes a new revision that does not count yet; one that cannot be is not left there."""
        self._revision += 1
        source = source_name(record.document, self._revision)
        try:
            return source, write_document(self._layout.partial(source), record, passages)
        except BaseException:
            self.abandon(source)
            raise

    def commit(self, source: str) -> None:
        """Makes a prepared revision the document, durably."""
        self._layout.partial(source).rename(self.path(source))
        sync_folder(self._layout.documents)

    def abandon(self, source: str) -> None:
        """Removes a revision that is not to count, even if its commit failed half-way."""
        self._layout.partial(source).unlink(missing_ok=True)
        self.path(source).unlink(missing_ok=True)

    def discard(self, source: str) -> None:
        """Removes a committed revision, durably."""
        self.path(source).unlink(missing_ok=True)
        sync_folder(self._layout.documents)

    def revisions_of(self, document: str) -> list[str]:
        """Gives the committed revisions of a document that are still on disk."""
        return [source_name(*pair) for pair in self._revisions() if pair[0] == document]

    def _revisions(self) -> Iterator[tuple[str, int]]:
        for entry in os.scandir(self._layout.documents):
            pair = split_source(entry.name.removesuffix(".txt"))
            if pair is not None:
                yield pair

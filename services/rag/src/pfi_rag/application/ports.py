"""What the use cases need from outside. Synchronous: called in a thread."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pfi_rag.domain.documents import DocumentRecord, ForgetReport, StoredPassage
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.query import IndexStatus, Query, SearchResult

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


class Embedder(Protocol):
    """Turns text into vectors of length 1 whose inner product tells likeness.

    Attributes:
        name: Name of the model, for people.
        digest: SHA-256 that pins the model, 64 hexadecimal digits.
        dimensions: Length d of a vector.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described above

    @property
    def digest(self) -> str: ...  # noqa: D102 - described above

    @property
    def dimensions(self) -> int: ...  # noqa: D102 - described above

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeds passages, in order. Shape: (n, d)."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embeds a query. Shape: (d,)."""
        ...


class PassageStore(Protocol):
    """The index of one owner. Calls may come from several threads."""

    def put(self, document: DocumentRecord, passages: Sequence[StoredPassage]) -> None:
        """Stores a document; one of the same id is replaced.

        Whatever kills the process, the document is there with all of its passages or, until then,
        the one before is. Vectors are of the model that the store was opened with.

        Raises:
            DiskFullError: Nothing was stored.
        """
        ...

    def search(self, query: Query) -> SearchResult:
        """Finds the passages that answer a query."""
        ...

    def documents(self) -> list[DocumentRecord]:
        """Lists the documents, sorted by name."""
        ...

    def find(self, name: str) -> DocumentRecord | None:
        """Gives the document of this name."""
        ...

    def delete(self, document: str) -> int:
        """Makes a document unfindable at once and gives the number of its passages; may be 0.

        Traces of it stay in the files of the store until it is forgotten.
        """
        ...

    def forget(self, documents: Collection[str] | None) -> ForgetReport:
        """Erases documents, and those that were deleted before, from the files; `None`: all.

        Ids that are not there count for nothing. The report says what a search of the raw files
        found; a caller checks it.
        """
        ...

    def status(self) -> IndexStatus:
        """Says how the index stands."""
        ...

    def reindex(self, embedder: Embedder, progress: Progress) -> None:
        """Embeds each passage that has no vector of the store's model; may be stopped and repeated.

        Other calls go on meanwhile; searches are made by BM25 alone until it is done.

        Raises:
            EmbeddingModelInvalidError: It is another model than the store was opened with.
        """
        ...

    def flush(self) -> None:
        """Makes all that was put durable against a power cut."""
        ...

    def close(self) -> None:
        """Flushes, and lets another process open the index; the last call."""
        ...


class StoreFactory(Protocol):
    """Opens indexes for one embedding model, or for none."""

    def open(self, owner: Owner) -> PassageStore:
        """Opens the owner's index, which is made at first use.

        Raises:
            IndexLockedError: Another store, here or in another process, has it open.
            IndexForeignError: Another key made it.
            IndexDamagedError: It cannot be read.
        """
        ...

"""Queries, what they find, and how an index stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pfi_rag.domain.documents import DocumentRecord


class RetrievalMode(StrEnum):
    """How passages are found."""

    HYBRID = "hybrid"
    """Embeddings and BM25, fused by reciprocal rank."""
    BM25 = "bm25"
    """BM25 alone."""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Narrows a search; a document must satisfy all that is set.

    Attributes:
        documents: One of these ids; empty for any.
        name_prefix: The name begins with this.
        media_types: One of these; empty for any.
        labels: Has each of these.
        added_after: Added at or after this time.
    """

    documents: frozenset[str] = frozenset()
    name_prefix: str = ""
    media_types: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    added_after: datetime | None = None

    def admits(self, record: DocumentRecord) -> bool:
        """True when passages of this document may be found."""
        return (
            (not self.documents or record.document in self.documents)
            and record.name.startswith(self.name_prefix)
            and (not self.media_types or record.media_type in self.media_types)
            and all(record.labels.get(name) == value for name, value in self.labels.items())
            and (self.added_after is None or record.added_at >= self.added_after)
        )

    @property
    def admits_all(self) -> bool:
        """True when nothing is set."""
        return self is EVERYTHING or self == EVERYTHING


EVERYTHING = SearchFilter()
"""Narrows nothing."""


@dataclass(frozen=True, slots=True)
class Query:
    """A search.

    Attributes:
        text: What to look for.
        vector: Its embedding (d,), of length 1, by the model that the store was opened with; none
            to search by BM25 alone.
        limit: Most passages wanted, at least 1.
        filter: What to search in.
    """

    text: str
    vector: NDArray[np.float32] | None = field(default=None, compare=False)
    limit: int = 4
    filter: SearchFilter = EVERYTHING


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found.

    Attributes:
        document: Id of its document.
        name: Name of its document.
        position: Number in the document, from 0.
        text: The text.
        headings: Headings above it, outermost first.
        first_line: First line in the document, from 1.
        last_line: Last line.
        score: Fused score; higher is better, comparable within one answer.
        dense_rank: Rank by embeddings, from 1; 0: not among them.
        bm25_rank: Rank by BM25, from 1; 0: not among them.
    """

    document: str
    name: str
    position: int
    text: str
    headings: tuple[str, ...]
    first_line: int
    last_line: int
    score: float
    dense_rank: int
    bm25_rank: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Answer to a query.

    Attributes:
        hits: Best first; empty when nothing in the index speaks of the query.
        mode: How they were found. BM25 while vectors of the present model are missing, even when
            the query has one.
        embedding_model_digest: Model of the vectors; empty for BM25 alone.
    """

    hits: tuple[Hit, ...]
    mode: RetrievalMode
    embedding_model_digest: str = ""

    @property
    def no_evidence(self) -> bool:
        """True when nothing was found, so that an answer would have no source."""
        return not self.hits


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How an index stands.

    Attributes:
        documents: Documents.
        passages: Passages.
        mode: How searches with a vector are made now.
        missing_vectors: Passages without a vector of the present model; 0 without a model.
        stored_bytes: Bytes on disk, allocated; 0 when a server keeps the index.
        store: Which store: `edge` or `server`.
        reindexing: True while passages are embedded again.
    """

    documents: int
    passages: int
    mode: RetrievalMode
    missing_vectors: int
    stored_bytes: int
    store: str
    reindexing: bool

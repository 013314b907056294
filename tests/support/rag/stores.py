"""Passage stores in memory."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import (
    EmbeddingModelInvalidError,
    IndexForeignError,
    IndexLockedError,
)
from pfi_rag.application.ports import Embedder, Progress
from pfi_rag.domain.documents import DocumentRecord, ForgetReport, StoredPassage, document_id
from pfi_rag.domain.evidence import COSINE_THRESHOLD
from pfi_rag.domain.fusion import depth_for, fuse
from pfi_rag.domain.ownership import Owner, partition_of
from pfi_rag.domain.query import Hit, IndexStatus, Query, RetrievalMode, SearchResult

_IGNORED = {"the", "a", "an", "of", "is", "what", "for", "and", "in", "to", "who", "it", "that"}

Key = tuple[str, int]


@dataclass
class Partition:
    """What one owner has; outlives the stores that open it."""

    key_sha256: str
    documents: dict[str, tuple[DocumentRecord, list[StoredPassage]]] = field(default_factory=dict)
    models: dict[Key, str] = field(default_factory=dict)
    open: bool = False


class InMemoryStore:
    """In-memory twin of `pfi_rag.application.ports.PassageStore`."""

    def __init__(self, partition: Partition, model: str | None) -> None:
        self._partition = partition
        self._documents = partition.documents
        self._model = model
        self._reindexing = False
        partition.open = True

    def put(self, document: DocumentRecord, passages: Sequence[StoredPassage]) -> None:
        self._documents[document.document] = (document, list(passages))
        for passage in passages:
            made_by = self._model if passage.vector is not None else None
            self._partition.models[document.document, passage.position] = made_by or ""

    def search(self, query: Query) -> SearchResult:
        hybrid = query.vector is not None and self._mode() is RetrievalMode.HYBRID
        passages = {
            (record.document, passage.position): passage
            for record, listed in self._documents.values()
            if query.filter.admits(record)
            for passage in listed
        }
        depth = depth_for(query.limit)
        dense = _by_cosine(passages, query.vector)[:depth] if hybrid else []
        fused = fuse(dense, _by_words(passages, query.text)[:depth], query.limit)
        hits = tuple(
            self._hit(item.key, item.score, item.dense_rank, item.bm25_rank) for item in fused
        )
        if not hybrid:
            return SearchResult(hits, RetrievalMode.BM25)
        return SearchResult(hits, RetrievalMode.HYBRID, self._model or "")

    def documents(self) -> list[DocumentRecord]:
        return sorted((item[0] for item in self._documents.values()), key=lambda item: item.name)

    def find(self, name: str) -> DocumentRecord | None:
        found = self._documents.get(document_id(name))
        return found[0] if found else None

    def delete(self, document: str) -> int:
        found = self._documents.pop(document, None)
        return len(found[1]) if found else 0

    def forget(self, documents: Collection[str] | None) -> ForgetReport:
        going = set(self._documents) & set(self._documents if documents is None else documents)
        passages = sum(self.delete(document) for document in going)
        kept = sum(len(listed) for _, listed in self._documents.values())
        return ForgetReport(len(going), passages, kept, 0, 0)

    def status(self) -> IndexStatus:
        return IndexStatus(
            documents=len(self._documents),
            passages=sum(len(listed) for _, listed in self._documents.values()),
            mode=self._mode(),
            missing_vectors=len(list(self._missing())),
            stored_bytes=0,
            store="memory",
            reindexing=self._reindexing,
        )

    def reindex(self, embedder: Embedder, progress: Progress) -> None:
        if embedder.digest != self._model:
            raise EmbeddingModelInvalidError
        self._reindexing = True
        try:
            self._embed(embedder, progress)
        finally:
            self._reindexing = False

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self._partition.open = False

    def _embed(self, embedder: Embedder, progress: Progress) -> None:
        done = 0
        while missing := next(self._missing(), None):
            document, position = missing
            listed = self._documents[document][1]
            vector = embedder.embed_passages([listed[position].searchable_text])[0]
            listed[position] = replace(listed[position], vector=vector)
            self._partition.models[missing] = embedder.digest
            done += 1
            progress(done, done + len(list(self._missing())))

    def _missing(self) -> Iterator[Key]:
        for document, (_, listed) in self._documents.items():
            for passage in listed:
                key = (document, passage.position)
                if self._model and self._partition.models[key] != self._model:
                    yield key

    def _mode(self) -> RetrievalMode:
        complete = self._model is not None and not any(True for _ in self._missing())
        return RetrievalMode.HYBRID if complete else RetrievalMode.BM25

    def _hit(self, key: Key, score: float, dense_rank: int, bm25_rank: int) -> Hit:
        record, listed = self._documents[key[0]]
        passage = listed[key[1]]
        place = (passage.headings, passage.first_line, passage.last_line)
        name = record.name
        return Hit(key[0], name, key[1], passage.text, *place, score, dense_rank, bm25_rank)


class InMemoryStoreFactory:
    """In-memory twin of `pfi_rag.application.ports.StoreFactory`."""

    def __init__(
        self, model_digest: str | None = None, partitions: dict[str, Partition] | None = None
    ) -> None:
        self._model_digest = model_digest
        self._partitions = {} if partitions is None else partitions

    def open(self, owner: Owner) -> InMemoryStore:
        made = Partition(owner.key_sha256)
        partition = self._partitions.setdefault(partition_of(owner), made)
        if partition.key_sha256 != owner.key_sha256:
            raise IndexForeignError
        if partition.open:
            raise IndexLockedError
        return InMemoryStore(partition, self._model_digest)


def _by_cosine(passages: dict[Key, StoredPassage], vector: NDArray[np.float32] | None) -> list[Key]:
    scores = {
        key: float(passage.vector @ vector)
        for key, passage in passages.items()
        if passage.vector is not None and vector is not None
    }
    near = [key for key, score in scores.items() if score >= COSINE_THRESHOLD]
    return sorted(near, key=lambda key: -scores[key])


def _by_words(passages: dict[Key, StoredPassage], text: str) -> list[Key]:
    words = _words(text)
    shared = {
        key: len(words & _words(passage.searchable_text)) for key, passage in passages.items()
    }
    return sorted((key for key in shared if shared[key]), key=lambda key: -shared[key])


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - _IGNORED

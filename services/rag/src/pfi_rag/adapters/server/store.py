"""The index of one owner as a tenant of a collection on a Qdrant server."""

import secrets
import threading
from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
from qdrant_client import models

from pfi_common.errors import EmbeddingModelInvalidError, ForgetIncompleteError
from pfi_rag.adapters.record_codec import record_of
from pfi_rag.adapters.server.points import (
    DOCUMENT,
    OWNER,
    PASSAGE,
    document_point,
    passage_point,
    payload_of,
    query_words,
    read_hit,
    read_passage,
)
from pfi_rag.adapters.server.tenant import BM25, DENSE, Conditions, TenantPoints
from pfi_rag.application.ports import Embedder, Progress
from pfi_rag.domain.documents import DocumentRecord, ForgetReport, StoredPassage, document_id
from pfi_rag.domain.evidence import COSINE_THRESHOLD
from pfi_rag.domain.fusion import depth_for, fuse
from pfi_rag.domain.query import IndexStatus, Query, RetrievalMode, SearchFilter, SearchResult

DIMENSIONS = 384
_UPSERT_POINTS = 200
_EMBEDDED_PASSAGES = 64
_VISIBLE: Conditions = {"kind": PASSAGE, "visible": True}


class ServerStore:
    """A `PassageStore` on a server, which several processes may use at once.

    A revision's passages are written invisible; one request then makes them visible, removes the
    revision before, and writes the document.

    Args:
        points: The owner's points.
        tenant: The owner's tenant.
        model_digest: Embedding model of the vectors; none for BM25 alone.
    """

    def __init__(self, points: TenantPoints, tenant: str, model_digest: str | None) -> None:
        self._points = points
        self._tenant = tenant
        self._model = model_digest or ""
        self._writing = threading.RLock()
        self._reindexing = False
        self._complete_requests()

    def put(self, document: DocumentRecord, passages: Sequence[StoredPassage]) -> None:
        """See `PassageStore.put`."""
        source = f"{document.document}-{secrets.token_hex(6)}"
        with self._writing:
            made = [
                passage_point(self._tenant, document, source, passage, self._model)
                for passage in passages
            ]
            for start in range(0, len(made), _UPSERT_POINTS):
                self._points.upsert(made[start : start + _UPSERT_POINTS])
            self._points.write(
                self._points.upserting([document_point(self._tenant, document, source)]),
                *self._showing(document.document, source),
            )

    def search(self, query: Query) -> SearchResult:
        """See `PassageStore.search`."""
        hybrid = query.vector is not None and self._mode() is RetrievalMode.HYBRID
        mode = RetrievalMode.HYBRID if hybrid else RetrievalMode.BM25
        model = self._model if hybrid else ""
        must = self._scope(query.filter)
        if must is None:
            return SearchResult((), mode, model)
        asked: list[tuple[str, object, float | None]] = [(BM25, query_words(query.text), None)]
        if hybrid and query.vector is not None:
            asked.append((DENSE, query.vector.tolist(), COSINE_THRESHOLD))
        found = self._points.rank(asked, depth_for(query.limit), must)
        payloads = {str(point.id): payload_of(point) for point in chain.from_iterable(found)}
        bm25, dense = ([str(point.id) for point in points] for points in [*found, []][:2])
        fused = fuse(dense, bm25, query.limit)
        return SearchResult(
            tuple(read_hit(item, payloads[item.key]) for item in fused), mode, model
        )

    def documents(self) -> list[DocumentRecord]:
        """See `PassageStore.documents`."""
        pages = self._points.scroll({"kind": DOCUMENT})
        records = [record_of(payload_of(point)) for page in pages for point in page]
        return sorted(records, key=lambda record: record.name)

    def find(self, name: str) -> DocumentRecord | None:
        """See `PassageStore.find`."""
        return self._record(document_id(name))

    def delete(self, document: str) -> int:
        """See `PassageStore.delete`."""
        with self._writing:
            record = self._record(document)
            self._points.write(self._points.deleting({"document": document}))
        return record.passages if record else 0

    def forget(self, documents: Collection[str] | None) -> ForgetReport:
        """See `PassageStore.forget`.

        The server is asked whether any point is left. Its files are out of reach, so that the
        report says of them that none was searched.

        Raises:
            ForgetIncompleteError: The server still has points of the documents.
        """
        with self._writing:
            known = self.documents()
            if documents is not None:
                known = [record for record in known if record.document in documents]
            going: Conditions = {} if documents is None else {"document": sorted(documents)}
            self._points.write(self._points.deleting(going, {"kind": OWNER}))
            if self._points.count(going, {"kind": OWNER}):
                raise ForgetIncompleteError("The server still has points of these documents.")
        return ForgetReport(
            documents=len(known),
            passages=sum(record.passages for record in known),
            kept_passages=self._points.count(_VISIBLE),
            searched_files=0,
            files_with_text=0,
        )

    def status(self) -> IndexStatus:
        """See `PassageStore.status`."""
        return IndexStatus(
            documents=self._points.count({"kind": DOCUMENT}),
            passages=self._points.count(_VISIBLE),
            mode=self._mode(),
            missing_vectors=self._missing() if self._model else 0,
            stored_bytes=0,
            store="server",
            reindexing=self._reindexing,
        )

    def reindex(self, embedder: Embedder, progress: Progress) -> None:
        """See `PassageStore.reindex`."""
        if embedder.digest != self._model or embedder.dimensions != DIMENSIONS:
            raise EmbeddingModelInvalidError("The index was opened with another embedding model.")
        self._reindexing = True
        done = 0
        try:
            while batch := self._without_vector():
                self._embed(batch, embedder)
                done += len(batch)
                progress(done, done + self._missing())
        finally:
            self._reindexing = False

    def flush(self) -> None:
        """Does nothing: each write is answered when the server has applied it."""

    def close(self) -> None:
        """Does nothing: the connection is shared by all owners."""

    def _showing(self, document: str, source: str) -> list[models.UpdateOperation]:
        """Makes the changes after which a revision alone is visible."""
        passages: Conditions = {"kind": PASSAGE, "document": document}
        return [
            self._points.setting({"visible": True}, {"kind": PASSAGE, "source": source}),
            self._points.deleting(passages, {"source": source}),
        ]

    def _complete_requests(self) -> None:
        """Shows revisions that a server which stopped in the midst of a request has not shown."""
        visible = self._points.counts("source", _VISIBLE)
        for page in self._points.scroll({"kind": DOCUMENT}):
            for payload in map(payload_of, page):
                if visible.get(payload["source"], 0) != payload["passages"]:
                    self._points.write(*self._showing(payload["document"], payload["source"]))

    def _record(self, document: str) -> DocumentRecord | None:
        pages = self._points.scroll({"kind": DOCUMENT, "document": document})
        return next((record_of(payload_of(point)) for page in pages for point in page), None)

    def _scope(self, narrowed: SearchFilter) -> Conditions | None:
        """Gives the conditions of a search; `None`: nothing can be found."""
        if narrowed.admits_all:
            return _VISIBLE
        admitted = [item.document for item in self.documents() if narrowed.admits(item)]
        return {**_VISIBLE, "document": admitted} if admitted else None

    def _mode(self) -> RetrievalMode:
        complete = bool(self._model) and self._missing() == 0
        return RetrievalMode.HYBRID if complete else RetrievalMode.BM25

    def _missing(self) -> int:
        return self._points.count(_VISIBLE, {"model": self._model})

    def _without_vector(self) -> list[models.Record]:
        pages = self._points.scroll(
            _VISIBLE, {"model": self._model}, vectors=[BM25], page_points=_EMBEDDED_PASSAGES
        )
        return next(pages)

    def _embed(self, batch: Sequence[models.Record], embedder: Embedder) -> None:
        texts = [read_passage(payload_of(record)).searchable_text for record in batch]
        vectors = embedder.embed_passages(texts).astype(np.float32)
        with self._writing:
            sources = {payload_of(record)["source"] for record in batch}
            there = self._points.counts("source", {**_VISIBLE, "source": sorted(sources)})
            self._points.upsert(
                [
                    models.PointStruct(
                        id=record.id,
                        vector={**_named(record), DENSE: vector.tolist()},
                        payload={**payload_of(record), "model": self._model},
                    )
                    for record, vector in zip(batch, vectors, strict=True)
                    if payload_of(record)["source"] in there
                ]
            )


def _named(record: models.Record) -> dict[str, models.Vector]:
    return dict(record.vector) if isinstance(record.vector, dict) else {}

"""One Qdrant Edge shard that this process has open."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast
from uuid import UUID

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from pfi_common.errors import IndexDamagedError
from pfi_rag.adapters.edge.document_file import Span
from pfi_rag.adapters.edge.failures import EdgeFailures
from pfi_rag.adapters.edge.point_ids import PointId
from pfi_rag.adapters.edge.points import (
    BM25,
    DENSE,
    MODEL,
    SOURCE,
    WITH_VECTOR,
    Place,
    Scope,
    has_right_id,
    in_scope,
    make_point,
    named_vectors,
    of_other_model,
    of_source,
    place_of,
    request,
)
from pfi_rag.domain.documents import StoredPassage

DIMENSIONS = 384
"""Length of the vectors of the one model that can be installed."""
UPSERT_POINTS = 500
"""Points of one write: 30 ms in which the engine holds the interpreter's lock."""
_ALL_SOURCES = 10_000_000


class Shard:
    """A shard that this process has open. Calls are made one at a time.

    Args:
        shard: The engine's object.
        path: Its folder.
    """

    def __init__(self, shard: edge.EdgeShard, path: Path) -> None:
        self._shard = shard
        self._lock = threading.Lock()
        self._words = edge.Bm25()
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "Shard":
        """Makes an empty shard.

        Raises:
            DiskFullError: There is no room for it.
        """
        config = edge.EdgeConfig(
            vectors={DENSE: edge.EdgeVectorParams(size=DIMENSIONS, distance=edge.Distance.Cosine)},
            sparse_vectors={BM25: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
            wal_enabled=True,
            # Searches of one client come one at a time; more threads only wait, and cost more
            # than half of the time that a search takes.
            max_search_threads=1,
        )
        with EdgeFailures():
            shard = edge.EdgeShard.create(str(path), config)
            for field in (SOURCE, MODEL):
                shard.update(
                    edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword)
                )
            shard.flush()
        return cls(shard, path)

    @classmethod
    def load(cls, path: Path) -> "Shard":
        """Opens a shard, with what its log says.

        Raises:
            IndexDamagedError: It cannot be read, or its points have ids of another kind.
        """
        with EdgeFailures():
            shard = edge.EdgeShard.load(str(path))
            records, _ = shard.scroll(edge.ScrollRequest(limit=1, with_payload=True))
        if all(has_right_id(record) for record in records):
            return cls(shard, path)
        shard.close()
        raise IndexDamagedError("The points of the index do not say where passages stand.")

    def add(
        self, source: str, passages: Sequence[StoredPassage], spans: Sequence[Span], model: str
    ) -> None:
        """Adds passages; those of a batch appear together.

        Args:
            source: Revision of the document.
            passages: The passages.
            spans: Their places in the document's file.
            model: Digest of the model that made the vectors.
        """
        for start in range(0, len(passages), UPSERT_POINTS):
            batch = slice(start, start + UPSERT_POINTS)
            self._upsert(
                [
                    make_point(source, passage, span, model, self._words_of(passage))
                    for passage, span in zip(passages[batch], spans[batch], strict=True)
                ]
            )

    def remove(self, source: str) -> None:
        """Removes all passages of a source."""
        self._update(edge.UpdateOperation.delete_points_by_filter(of_source(source)))

    def counts(self) -> dict[str, int]:
        """Gives the number of points of each source."""
        asked = edge.FacetRequest(key=SOURCE, limit=_ALL_SOURCES, exact=True)
        with self._lock, EdgeFailures():
            return {str(hit.value): hit.count for hit in self._shard.facet(asked).hits}

    def missing(self, model: str, scope: Scope) -> int:
        """Gives the number of passages in a scope without a vector of the model."""
        with self._lock, EdgeFailures():
            return int(self._shard.count(edge.CountRequest(filter=of_other_model(model, scope))))

    def rank(
        self, text: str, vector: NDArray[np.float32] | None, depth: int, scope: Scope
    ) -> tuple[list[PointId], list[PointId]]:
        """Ranks passages by cosine and by BM25, best first, at most `depth` of each.

        Shapes: vector (d,).
        """
        requests = [request(self._words.embed_query(text), BM25, depth, scope)]
        if vector is not None:
            requests.append(request(vector.tolist(), DENSE, depth, scope))
        with self._lock, EdgeFailures():
            found = self._shard.query_batch(edge.QueryBatchRequest(requests))
        ranked = [[cast("UUID", point.id).int for point in points] for points in found]
        return (ranked[1] if vector is not None else []), ranked[0]

    def without_vector(self, model: str, scope: Scope, limit: int) -> list[Place]:
        """Gives some of the passages that have no vector of the model."""
        asked = edge.ScrollRequest(
            limit=limit, filter=of_other_model(model, scope), with_payload=True
        )
        with self._lock, EdgeFailures():
            return [place_of(point) for point in self._shard.scroll(asked)[0]]

    def set_vectors(
        self, places: Sequence[Place], vectors: NDArray[np.float32], model: str
    ) -> None:
        """Gives those passages that are still there their vectors. Shapes: vectors (n, d)."""
        by_point = dict(zip((place.point for place in places), vectors, strict=True))
        with self._lock, EdgeFailures():
            records = self._shard.retrieve(list(by_point), with_payload=True, with_vector=[BM25])
        self._upsert(
            [
                edge.Point(
                    record.id,
                    {**named_vectors(record), DENSE: by_point[str(record.id)]},
                    {**(record.payload or {}), MODEL: model},
                )
                for record in records
            ]
        )

    def batches(self, scope: Scope) -> Iterator[list[edge.Record]]:
        """Reads all points with their vectors, some at a time."""
        offset = None
        while True:
            asked = edge.ScrollRequest(
                offset=offset,
                limit=UPSERT_POINTS,
                filter=in_scope(scope),
                with_payload=True,
                with_vector=True,
            )
            with self._lock, EdgeFailures():
                records, offset = self._shard.scroll(asked)
            yield records
            if offset is None:
                return

    def insert(self, records: Sequence[edge.Record]) -> None:
        """Adds points of another shard as they are."""
        self._upsert([edge.Point(item.id, named_vectors(item), item.payload) for item in records])

    def points(self) -> int:
        """Gives the number of points."""
        with self._lock, EdgeFailures():
            return int(self._shard.count(edge.CountRequest()))

    def vectors(self) -> tuple[int, int]:
        """Gives how many vectors there are, and how many of them are in a graph."""
        with self._lock, EdgeFailures():
            having = self._shard.count(edge.CountRequest(filter=WITH_VECTOR))
            points = self._shard.count(edge.CountRequest())
            # The engine counts the word indexes too, of which each point has one from the start.
            return int(having), max(0, int(self._shard.info().indexed_vectors_count - points))

    def flush(self) -> None:
        """Makes all writes durable."""
        with self._lock, EdgeFailures():
            self._shard.flush()

    def close(self) -> None:
        """Flushes and lets go of the folder."""
        with self._lock, EdgeFailures():
            self._shard.close()

    def _upsert(self, points: list[edge.Point]) -> None:
        if points:
            self._update(edge.UpdateOperation.upsert_points(points))

    def _update(self, operation: edge.UpdateOperation) -> None:
        with self._lock, EdgeFailures():
            self._shard.update(operation)

    def _words_of(self, passage: StoredPassage) -> edge.SparseVector:
        return self._words.embed_document(passage.searchable_text)

"""Qdrant Edge as one would use it alone: text in the payload, fusion in the engine."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from pfi_rag.domain.documents import StoredPassage
from pfi_rag.domain.fusion import RRF_K, depth_for

LIMIT = 4


class RawShard:
    """A shard of its own."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        vectors = edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)
        words = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
        # Like the service's store; idle threads of a larger pool would slow down both sides.
        config = edge.EdgeConfig(
            vectors={"dense": vectors}, sparse_vectors={"bm25": words}, max_search_threads=1
        )
        self._shard = edge.EdgeShard.create(str(folder), config)
        self._words = edge.Bm25()
        self._count = 0

    def add(self, passages: list[StoredPassage]) -> None:
        """Adds passages in one write."""
        points = [self._point(passage) for passage in passages]
        self._shard.update(edge.UpdateOperation.upsert_points(points))

    def search(self, text: str, vector: NDArray[np.float32]) -> list[Any]:
        """Hybrid search with the same depth, fusion and limit as the service."""
        depth = depth_for(LIMIT)
        stages = [
            edge.Prefetch(limit=depth, query=self._near(self._words.embed_query(text), "bm25")),
            edge.Prefetch(
                limit=depth,
                query=self._near(vector, "dense"),
                params=edge.SearchParams(hnsw_ef=128),
            ),
        ]
        fusion = cast("edge.Fusion", edge.Fusion.Rrf(k=RRF_K))
        request = edge.QueryRequest(limit=LIMIT, query=fusion, prefetches=stages, with_payload=True)
        return list(self._shard.query(request))

    def nearest(self, vector: NDArray[np.float32], *, exact: bool) -> set[str]:
        """Ids of the ten nearest by cosine."""
        params = edge.SearchParams(exact=exact, hnsw_ef=128)
        query = self._near(vector, "dense")
        found = self._shard.query(edge.QueryRequest(limit=10, query=query, params=params))
        return {str(point.id) for point in found}

    def flush(self) -> None:
        """Makes everything durable."""
        self._shard.flush()

    def optimize(self) -> None:
        """Builds the graph."""
        self._shard.optimize()

    def close(self) -> None:
        """Lets go of the folder."""
        self._shard.close()

    def _near(self, vector: Any, using: str) -> edge.Query:  # noqa: ANN401 - dense or of words
        return edge.Query.Nearest(vector, using=using)

    def _point(self, passage: StoredPassage) -> edge.Point:
        self._count += 1
        vectors: dict[str, Any] = {
            "dense": passage.vector,
            "bm25": self._words.embed_document(passage.text),
        }
        return edge.Point(self._count, vectors, {"text": passage.text})

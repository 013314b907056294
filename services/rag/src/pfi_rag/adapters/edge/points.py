"""Points of a shard: what is stored of a passage, and how it is asked for.

No text, heading or name goes in: what the engine writes to its log and pages is hashes of words,
vectors, and places in document files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import qdrant_edge as edge

from pfi_rag.adapters.edge.document_file import Span
from pfi_rag.adapters.edge.point_ids import make_id
from pfi_rag.domain.documents import StoredPassage
from pfi_rag.domain.evidence import COSINE_THRESHOLD

DENSE, BM25 = "dense", "bm25"
"""Names of the vectors."""
SOURCE, MODEL = "source", "model"
"""Payload fields that are searched by."""
WITH_VECTOR = edge.Filter(must=[edge.HasVectorCondition(DENSE)])
"""Narrows to passages that have a vector."""
_HNSW_EF = 128


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage is.

    Attributes:
        point: Id in the shard.
        source: Revision of the document.
        position: Number of the passage in the document.
        span: Place in the document's file.
    """

    point: str
    source: str
    position: int
    span: Span


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages a search may see.

    Attributes:
        only: Sources to search in; none for all.
        without: Sources that are not to be seen.
    """

    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()


def make_point(
    source: str, passage: StoredPassage, span: Span, model: str, words: edge.SparseVector
) -> edge.Point:
    """Makes the point of a passage."""
    vectors: dict[str, Any] = {BM25: words}
    if passage.vector is not None:
        vectors[DENSE] = passage.vector.tolist()  # read twice as fast as an array
    payload = {
        SOURCE: source,
        MODEL: model if passage.vector is not None else "",
        "position": passage.position,
        "offset": span.offset,
        "length": span.length,
    }
    return edge.Point(make_id(source, passage.position, span), vectors, payload)


def place_of(point: edge.ScoredPoint | edge.Record) -> Place:
    """Reads where a passage is."""
    payload = cast("dict[str, Any]", point.payload)
    span = Span(int(payload["offset"]), int(payload["length"]))
    return Place(str(point.id), str(payload[SOURCE]), int(payload["position"]), span)


def has_right_id(point: edge.Record) -> bool:
    """True when the id says where the passage is, as all ids of this version do."""
    place = place_of(point)
    return place.point == str(make_id(place.source, place.position, place.span))


def request(vector: object, using: str, depth: int, scope: Scope) -> edge.QueryRequest:
    """Asks for the passages nearest to a vector; by cosine, only for those that are evidence."""
    dense = using == DENSE
    return edge.QueryRequest(
        limit=depth,
        query=edge.Query.Nearest(cast("list[float]", vector), using=using),
        filter=in_scope(scope),
        with_payload=False,
        score_threshold=COSINE_THRESHOLD if dense else None,
        params=edge.SearchParams(hnsw_ef=_HNSW_EF) if dense else None,
    )


def in_scope(scope: Scope) -> edge.Filter | None:
    """Narrows to a scope."""
    if scope.only is None and not scope.without:
        return None
    must = [] if scope.only is None else [_any_source(scope.only)]
    return edge.Filter(must=must, must_not=[_any_source(scope.without)] if scope.without else [])


def of_source(source: str) -> edge.Filter:
    """Narrows to one source."""
    return edge.Filter(must=[_any_source((source,))])


def of_other_model(model: str, scope: Scope) -> edge.Filter:
    """Narrows to passages in a scope without a vector of the model."""
    narrowed = in_scope(scope)
    return edge.Filter(
        must=[narrowed] if narrowed else [],
        must_not=[edge.FieldCondition(MODEL, match=edge.MatchValue(model))],
    )


def named_vectors(record: edge.Record) -> dict[str, Any]:
    """Gives the vectors of a point by their names."""
    return cast("dict[str, Any]", record.vector or {})


def _any_source(sources: Sequence[str]) -> Any:  # noqa: ANN401 - the engine's union of conditions
    return edge.FieldCondition(SOURCE, match=edge.MatchAny(list(sources)))

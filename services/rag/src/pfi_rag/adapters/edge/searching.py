"""Answers a query from shard and document files."""

from pfi_rag.adapters.edge.opened import OpenIndex
from pfi_rag.adapters.edge.point_ids import PointId, read_id
from pfi_rag.domain.fusion import Fused, depth_for, fuse
from pfi_rag.domain.query import Hit, Query

_ATTEMPTS = 5


def find_passages(index: OpenIndex, query: Query) -> tuple[Hit, ...]:
    """Finds passages, best first.

    A document that is replaced or deleted between the search and the reading of its text is
    searched for again, so that no answer mixes two revisions.
    """
    hits: list[Hit] = []
    for _ in range(_ATTEMPTS):
        ranked = _rank(index, query)
        hits = [hit for item in ranked if (hit := _read(index, item)) is not None]
        if len(hits) == len(ranked):
            break
    return tuple(hits)


def _rank(index: OpenIndex, query: Query) -> list[Fused[PointId]]:
    scope = index.catalogue.scope(query.filter)
    if scope is None:
        return []
    depth = depth_for(query.limit)
    dense, bm25 = index.shelf.read(lambda shard: shard.rank(query.text, query.vector, depth, scope))
    return fuse(dense, bm25, query.limit)


def _read(index: OpenIndex, item: Fused[PointId]) -> Hit | None:
    """Reads the passage of a candidate; `None` when its document went away meanwhile."""
    spot = read_id(item.key)
    kept = index.catalogue.of_revision(spot.revision)
    if kept is None:
        return None
    try:
        passage = index.library.passage(kept.source, spot.position, spot.span)
    except FileNotFoundError:
        return None
    return Hit(
        document=kept.record.document,
        name=kept.record.name,
        position=passage.position,
        text=passage.text,
        headings=passage.headings,
        first_line=passage.first_line,
        last_line=passage.last_line,
        score=item.score,
        dense_rank=item.dense_rank,
        bm25_rank=item.bm25_rank,
    )

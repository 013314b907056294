"""Points of a shared collection: passages, documents, and who owns a tenant."""

import hashlib
import uuid
from typing import Any

import qdrant_edge as edge
from qdrant_client import models

from pfi_rag.adapters.record_codec import record_fields
from pfi_rag.adapters.server.tenant import BM25, DENSE
from pfi_rag.domain.documents import DocumentRecord, StoredPassage
from pfi_rag.domain.fusion import Fused
from pfi_rag.domain.query import Hit

OWNER, DOCUMENT, PASSAGE = "owner", "document", "passage"
"""Kinds of points."""
_WORDS = edge.Bm25()


def passage_point(
    tenant: str, record: DocumentRecord, source: str, passage: StoredPassage, model: str
) -> models.PointStruct:
    """Makes the point of a passage that is not visible yet."""
    vectors: dict[str, Any] = {BM25: sparse(_WORDS.embed_document(passage.searchable_text))}
    if passage.vector is not None:
        vectors[DENSE] = passage.vector.tolist()
    payload = {
        "kind": PASSAGE,
        "document": record.document,
        "source": source,
        "visible": False,
        "model": model if passage.vector is not None else "",
        "name": record.name,
        "position": passage.position,
        "text": passage.text,
        "headings": list(passage.headings),
        "first_line": passage.first_line,
        "last_line": passage.last_line,
    }
    point = point_id(tenant, source, str(passage.position))
    return models.PointStruct(id=point, vector=vectors, payload=payload)


def document_point(tenant: str, record: DocumentRecord, source: str) -> models.PointStruct:
    """Makes the point of what is known of a document."""
    payload = {"kind": DOCUMENT, "source": source, **record_fields(record)}
    point = point_id(tenant, DOCUMENT, record.document)
    return models.PointStruct(id=point, vector={}, payload=payload)


def owner_point(tenant: str, key_sha256: str) -> models.PointStruct:
    """Makes the point that says which key a tenant belongs to."""
    payload = {"kind": OWNER, "key_sha256": key_sha256}
    return models.PointStruct(id=point_id(tenant, OWNER), vector={}, payload=payload)


def read_passage(payload: dict[str, Any]) -> StoredPassage:
    """Reads a passage's point, without its vector."""
    return StoredPassage(
        position=payload["position"],
        text=payload["text"],
        headings=tuple(payload["headings"]),
        first_line=payload["first_line"],
        last_line=payload["last_line"],
    )


def read_hit(fused: Fused[str], payload: dict[str, Any]) -> Hit:
    """Reads a passage that was found."""
    passage = read_passage(payload)
    return Hit(
        document=payload["document"],
        name=payload["name"],
        position=passage.position,
        text=passage.text,
        headings=passage.headings,
        first_line=passage.first_line,
        last_line=passage.last_line,
        score=fused.score,
        dense_rank=fused.dense_rank,
        bm25_rank=fused.bm25_rank,
    )


def query_words(text: str) -> models.SparseVector:
    """Gives the words of a query as a vector."""
    return sparse(_WORDS.embed_query(text))


def sparse(vector: edge.SparseVector) -> models.SparseVector:
    """Converts a sparse vector."""
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def point_id(*parts: str) -> str:
    """Makes an id that no other tenant's point has."""
    return str(uuid.UUID(bytes=hashlib.sha256("/".join(parts).encode()).digest()[:16]))


def payload_of(point: models.ScoredPoint | models.Record) -> dict[str, Any]:
    """Gives the payload of a point that has one."""
    return point.payload or {}

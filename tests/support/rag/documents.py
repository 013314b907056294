"""Documents for stores."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from pfi_rag.application.ports import Embedder, PassageStore
from pfi_rag.domain.documents import DocumentRecord, StoredPassage, document_id
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.query import Query, SearchFilter, SearchResult

ADDED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def make_owner(client: str = "c-000000000001", key: str = "ab" * 32) -> Owner:
    return Owner("example", client, key)


def make_record(name: str, texts: Sequence[str], **changes: object) -> DocumentRecord:
    content = "\n".join(texts).encode()
    fields: dict[str, object] = {
        "document": document_id(name),
        "name": name,
        "media_type": "text/plain",
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "passages": len(texts),
        "added_at": ADDED_AT,
        "labels": {},
    }
    return DocumentRecord(**(fields | changes))  # type: ignore[arg-type]


def make_passages(
    texts: Sequence[str], embedder: Embedder | None = None, headings: tuple[str, ...] = ()
) -> list[StoredPassage]:
    plain = [
        StoredPassage(position, text, headings, position * 2 + 1, position * 2 + 2)
        for position, text in enumerate(texts)
    ]
    if embedder is None or not plain:
        return plain
    vectors = embedder.embed_passages([passage.searchable_text for passage in plain])
    return [
        StoredPassage(
            item.position, item.text, item.headings, item.first_line, item.last_line, vector
        )
        for item, vector in zip(plain, vectors, strict=True)
    ]


def add(
    store: PassageStore,
    name: str,
    texts: Sequence[str],
    embedder: Embedder | None = None,
    **changes: object,
) -> DocumentRecord:
    """Puts a document of these passages."""
    record = make_record(name, texts, **changes)
    store.put(record, make_passages(texts, embedder))
    return record


def ask(
    store: PassageStore,
    text: str,
    embedder: Embedder | None = None,
    limit: int = 4,
    narrowed: SearchFilter | None = None,
) -> SearchResult:
    """Searches."""
    vector = embedder.embed_query(text) if embedder else None
    return store.search(Query(text, vector, limit, narrowed or SearchFilter()))

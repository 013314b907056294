"""What is known of a document as plain fields, the same in every store."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pfi_rag.domain.documents import DocumentRecord


def record_fields(record: DocumentRecord) -> dict[str, Any]:
    """Writes a record as fields that JSON can hold."""
    return {
        "document": record.document,
        "name": record.name,
        "media_type": record.media_type,
        "content_sha256": record.content_sha256,
        "size_bytes": record.size_bytes,
        "passages": record.passages,
        "added_at": record.added_at.isoformat(),
        "labels": dict(record.labels),
    }


def record_of(fields: Mapping[str, Any]) -> DocumentRecord:
    """Reads a record; other fields may stand beside its own.

    Raises:
        KeyError: A field is missing.
        ValueError: A field holds what it cannot.
        TypeError: The same.
    """
    return DocumentRecord(
        document=str(fields["document"]),
        name=str(fields["name"]),
        media_type=str(fields["media_type"]),
        content_sha256=str(fields["content_sha256"]),
        size_bytes=int(fields["size_bytes"]),
        passages=int(fields["passages"]),
        added_at=datetime.fromisoformat(fields["added_at"]),
        labels={str(name): str(value) for name, value in dict(fields["labels"]).items()},
    )

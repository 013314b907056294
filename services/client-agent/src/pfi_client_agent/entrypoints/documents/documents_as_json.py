"""Answers of the index as JSON documents for scripts."""

import json
from datetime import UTC
from typing import Any

import typer

from pfi.rag.v1 import retrieval_service_pb2 as wire

_MODE_PREFIX = "RETRIEVAL_MODE_"


def print_json(document: dict[str, Any]) -> None:
    """Print a document."""
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False))


def listed(item: wire.Document) -> dict[str, Any]:
    """Write a document of the list."""
    return _fields(item, "document", "name", "media_type", "content_sha256", "size_bytes") | {
        "passages": item.passages,
        "added_at": item.add_time.ToDatetime(UTC).isoformat(),
        "labels": dict(item.labels),
    }


def found(answer: wire.SearchPassagesResponse) -> dict[str, Any]:
    """Write what a search found."""
    names = ("document", "name", "position", "first_line", "last_line", "score")
    ranks = ("dense_rank", "bm25_rank")
    return {
        "passages": [
            _fields(item, "text", *names, *ranks) | {"headings": list(item.headings)}
            for item in answer.passages
        ],
        "mode": mode_name(answer.mode),
        "embedding_model_digest": answer.embedding_model_digest,
        "no_evidence": answer.no_evidence,
    }


def index(report: wire.GetIndexResponse) -> dict[str, Any]:
    """Write how the index stands."""
    names = [field.name for field in report.DESCRIPTOR.fields]
    return _fields(report, *names) | {"mode": mode_name(report.mode)}


def forgotten(report: wire.ForgetDocumentsResponse) -> dict[str, Any]:
    """Write what was erased."""
    return _fields(report, *(field.name for field in report.DESCRIPTOR.fields))


def mode_name(mode: "wire.RetrievalMode.ValueType") -> str:
    """Name how passages are found: hybrid or bm25."""
    return wire.RetrievalMode.Name(mode).removeprefix(_MODE_PREFIX).lower()


def _fields(message: object, *names: str) -> dict[str, Any]:
    return {name: getattr(message, name) for name in names}

"""Searches and reports on the wire."""

from datetime import UTC, datetime

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_common.errors import InvalidRequestError
from pfi_rag.application.get_index import IndexReport
from pfi_rag.domain.documents import ForgetReport
from pfi_rag.domain.query import Hit, RetrievalMode, SearchFilter, SearchResult

MODES = {
    RetrievalMode.HYBRID: wire.RETRIEVAL_MODE_HYBRID,
    RetrievalMode.BM25: wire.RETRIEVAL_MODE_BM25,
}
"""Modes and their values on the wire."""


def read_filter(message: wire.SearchFilter) -> SearchFilter:
    """Reads a filter.

    Raises:
        InvalidRequestError: Its time is none.
    """
    return SearchFilter(
        documents=frozenset(message.documents),
        name_prefix=message.name_prefix,
        media_types=frozenset(message.media_types),
        labels=dict(message.labels),
        added_after=_read_time(message) if message.HasField("added_after_time") else None,
    )


def _read_time(message: wire.SearchFilter) -> datetime:
    try:
        return message.added_after_time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequestError("added_after_time is outside of the years 1 to 9999") from None


def write_search(result: SearchResult) -> wire.SearchPassagesResponse:
    """Writes what was found."""
    return wire.SearchPassagesResponse(
        passages=[_write_hit(hit) for hit in result.hits],
        mode=MODES[result.mode],
        embedding_model_digest=result.embedding_model_digest,
        no_evidence=result.no_evidence,
    )


def write_forgotten(report: ForgetReport) -> wire.ForgetDocumentsResponse:
    """Writes what was erased."""
    return wire.ForgetDocumentsResponse(
        documents=report.documents,
        passages=report.passages,
        kept_passages=report.kept_passages,
        searched_files=report.searched_files,
        files_with_text=report.files_with_text,
    )


def write_index(report: IndexReport) -> wire.GetIndexResponse:
    """Writes how an index stands."""
    status = report.status
    return wire.GetIndexResponse(
        documents=status.documents,
        passages=status.passages,
        mode=MODES[status.mode],
        embedding_model=report.model_name,
        embedding_model_digest=report.model_digest,
        stored_bytes=status.stored_bytes,
        store=status.store,
        reindexing=report.reindexing,
    )


def _write_hit(hit: Hit) -> wire.Passage:
    return wire.Passage(
        text=hit.text,
        document=hit.document,
        name=hit.name,
        headings=list(hit.headings),
        position=hit.position,
        first_line=hit.first_line,
        last_line=hit.last_line,
        score=hit.score,
        dense_rank=hit.dense_rank,
        bm25_rank=hit.bm25_rank,
    )

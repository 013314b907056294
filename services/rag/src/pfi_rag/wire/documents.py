"""Documents on the wire."""

from google.protobuf.timestamp_pb2 import Timestamp

from pfi.common.v1.errors_pb2 import ErrorReason
from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_rag.domain.documents import DocumentRecord
from pfi_rag.domain.submission import DocumentOutcome, DocumentResult, Submission

OUTCOMES = {
    DocumentOutcome.ADDED: wire.DOCUMENT_OUTCOME_ADDED,
    DocumentOutcome.REPLACED: wire.DOCUMENT_OUTCOME_REPLACED,
    DocumentOutcome.UNCHANGED: wire.DOCUMENT_OUTCOME_UNCHANGED,
    DocumentOutcome.REFUSED: wire.DOCUMENT_OUTCOME_REFUSED,
}
"""Outcomes and their values on the wire."""


def read_header(header: wire.DocumentHeader) -> Submission:
    """Reads what a caller says of a document."""
    return Submission(
        name=header.name,
        media_type=header.media_type,
        size_bytes=header.size_bytes,
        content_sha256=header.content_sha256.lower(),
        labels=dict(header.labels),
    )


def write_result(result: DocumentResult) -> wire.AddDocumentsResponse:
    """Writes what became of a document."""
    message = wire.AddDocumentsResponse(
        name=result.name,
        document=result.document,
        outcome=OUTCOMES[result.outcome],
        passages=result.passages,
    )
    if result.error is not None:
        message.reason = ErrorReason.Value(f"ERROR_REASON_{result.error.reason}")
        message.detail = result.error.message
    return message


def write_record(record: DocumentRecord) -> wire.Document:
    """Writes what is known of a document."""
    added = Timestamp()
    added.FromDatetime(record.added_at)
    return wire.Document(
        document=record.document,
        name=record.name,
        media_type=record.media_type,
        content_sha256=record.content_sha256,
        size_bytes=record.size_bytes,
        passages=record.passages,
        add_time=added,
        labels=dict(record.labels),
    )

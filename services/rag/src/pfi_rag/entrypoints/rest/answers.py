"""What the API answers."""

from datetime import datetime

from pydantic import BaseModel

from pfi_rag.application.get_index import IndexReport
from pfi_rag.domain.documents import DocumentRecord
from pfi_rag.domain.paging import Page
from pfi_rag.domain.query import SearchResult
from pfi_rag.domain.submission import DocumentResult


class Problem(BaseModel):
    """A failure (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    retryable: bool
    next_step: str


class AddedDocument(BaseModel):
    """What became of a document."""

    name: str
    document: str
    outcome: str
    passages: int
    reason: str | None
    detail: str | None


class AddedDocuments(BaseModel):
    """What became of each document, in order."""

    documents: list[AddedDocument]


class FoundPassage(BaseModel):
    """A passage and where it stands."""

    text: str
    document: str
    name: str
    headings: list[str]
    position: int
    first_line: int
    last_line: int
    score: float
    dense_rank: int
    bm25_rank: int


class FoundPassages(BaseModel):
    """Passages, best first."""

    passages: list[FoundPassage]
    mode: str
    embedding_model_digest: str
    no_evidence: bool


class ListedDocument(BaseModel):
    """A document."""

    document: str
    name: str
    media_type: str
    content_sha256: str
    size_bytes: int
    passages: int
    added_at: datetime
    labels: dict[str, str]


class DocumentPage(BaseModel):
    """A page of documents, sorted by name."""

    documents: list[ListedDocument]
    next_page_token: str


class Deleted(BaseModel):
    """What was deleted."""

    passages: int


class Forgotten(BaseModel):
    """What was erased, and the proof."""

    documents: int
    passages: int
    kept_passages: int
    searched_files: int
    files_with_text: int


class Index(BaseModel):
    """How the index stands."""

    documents: int
    passages: int
    mode: str
    embedding_model: str
    embedding_model_digest: str
    stored_bytes: int
    store: str
    reindexing: bool


def added(result: DocumentResult) -> AddedDocument:
    """Writes what became of a document."""
    return AddedDocument(
        name=result.name,
        document=result.document,
        outcome=result.outcome.value,
        passages=result.passages,
        reason=None if result.error is None else result.error.reason,
        detail=None if result.error is None else result.error.message,
    )


def found(result: SearchResult) -> FoundPassages:
    """Writes what was found."""
    return FoundPassages(
        passages=[FoundPassage.model_validate(hit, from_attributes=True) for hit in result.hits],
        mode=result.mode.value,
        embedding_model_digest=result.embedding_model_digest,
        no_evidence=result.no_evidence,
    )


def listed(page: Page) -> DocumentPage:
    """Writes a page."""
    return DocumentPage(
        documents=[_listed(record) for record in page.documents], next_page_token=page.next_token
    )


def index(report: IndexReport) -> Index:
    """Writes how an index stands."""
    status = report.status
    return Index(
        documents=status.documents,
        passages=status.passages,
        mode=status.mode.value,
        embedding_model=report.model_name,
        embedding_model_digest=report.model_digest,
        stored_bytes=status.stored_bytes,
        store=status.store,
        reindexing=report.reindexing,
    )


def _listed(record: DocumentRecord) -> ListedDocument:
    return ListedDocument(
        document=record.document,
        name=record.name,
        media_type=record.media_type,
        content_sha256=record.content_sha256,
        size_bytes=record.size_bytes,
        passages=record.passages,
        added_at=record.added_at,
        labels=dict(record.labels),
    )

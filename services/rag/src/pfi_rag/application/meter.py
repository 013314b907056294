"""What the use cases count."""

from typing import Protocol

from pfi_rag.domain.documents import ForgetReport
from pfi_rag.domain.query import SearchResult
from pfi_rag.domain.submission import DocumentResult


class Meter(Protocol):
    """Counts; told numbers and closed names alone, never text, names or owners."""

    def document_done(self, result: DocumentResult) -> None:
        """A document was stored or refused."""
        ...

    def search_done(self, result: SearchResult, seconds: float) -> None:
        """A search was answered."""
        ...

    def forgotten(self, report: ForgetReport) -> None:
        """Documents were erased."""
        ...

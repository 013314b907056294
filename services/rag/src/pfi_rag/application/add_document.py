"""Takes a document into its owner's index."""

from pfi_common.clock import Clock
from pfi_common.errors import (
    DocumentEmptyError,
    DocumentInvalidError,
    DocumentTooLargeError,
    DocumentUnsupportedError,
    InvalidRequestError,
    PlatformError,
)
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.ingestion import Ingestion, Prepared
from pfi_rag.application.meter import Meter
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.domain.documents import DocumentRecord, document_id
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.submission import DocumentOutcome, DocumentResult, Submission

REFUSALS = (
    DocumentEmptyError,
    DocumentInvalidError,
    DocumentTooLargeError,
    DocumentUnsupportedError,
    InvalidRequestError,
)
"""What is wrong with one document; the ones after it are taken all the same."""


class AddDocument:
    """Adds, replaces, leaves alone or refuses; the same document twice changes nothing.

    Args:
        indexes: The open indexes.
        ingestion: Makes passages.
        meter: Counts.
        clock: Says when a document was stored.
        maximum_bytes: Largest content that is taken.
    """

    def __init__(
        self,
        indexes: OpenIndexes,
        ingestion: Ingestion,
        meter: Meter,
        clock: Clock,
        maximum_bytes: int,
    ) -> None:
        self._indexes = indexes
        self._ingestion = ingestion
        self._meter = meter
        self._clock = clock
        self.maximum_bytes = maximum_bytes

    async def run(self, owner: Owner, submission: Submission, content: bytes) -> DocumentResult:
        """Takes one document; what is wrong with it is told in the result.

        Raises:
            PlatformError: The index cannot be used, so no document can be taken.
        """
        try:
            submission.check(self.maximum_bytes)
            result = await self._take(owner, submission, content)
        except REFUSALS as error:
            result = DocumentResult(submission.name, DocumentOutcome.REFUSED, error=error)
        self._meter.document_done(result)
        return result

    def refuse(self, submission: Submission, error: PlatformError) -> DocumentResult:
        """Gives the result of a document whose content did not come as announced."""
        result = DocumentResult(submission.name, DocumentOutcome.REFUSED, error=error)
        self._meter.document_done(result)
        return result

    async def finish(self, owner: Owner) -> None:
        """Makes what was taken durable against a power cut."""
        async with self._indexes.writing(owner) as store:
            await in_thread(store.flush)

    async def _take(self, owner: Owner, submission: Submission, content: bytes) -> DocumentResult:
        await in_thread(submission.check_content, content)
        async with self._indexes.reading(owner) as store:
            known = await in_thread(store.find, submission.name)
            if known is not None and _is_same(known, submission):
                return DocumentResult(
                    known.name, DocumentOutcome.UNCHANGED, known.document, known.passages
                )
            prepared = await self._ingestion.prepare(submission, content)
        return await self._store(owner, submission, prepared)

    async def _store(
        self, owner: Owner, submission: Submission, prepared: Prepared
    ) -> DocumentResult:
        async with self._indexes.writing(owner) as store:
            before = await in_thread(store.find, submission.name)
            record = DocumentRecord(
                document=document_id(submission.name),
                name=submission.name,
                media_type=prepared.media_type.value,
                content_sha256=submission.content_sha256,
                size_bytes=submission.size_bytes,
                passages=len(prepared.passages),
                added_at=self._clock.now(),
                labels=dict(submission.labels),
            )
            await in_thread(store.put, record, prepared.passages)
        outcome = DocumentOutcome.ADDED if before is None else DocumentOutcome.REPLACED
        return DocumentResult(record.name, outcome, record.document, record.passages)


def _is_same(known: DocumentRecord, submission: Submission) -> bool:
    return (
        known.content_sha256 == submission.content_sha256
        and dict(known.labels) == dict(submission.labels)
        and submission.media_type in ("", known.media_type)
    )

"""From a document's bytes to passages with vectors."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pfi_common.errors import DocumentEmptyError, DocumentInvalidError
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.ports import Embedder
from pfi_rag.domain.decoding import decode
from pfi_rag.domain.documents import StoredPassage
from pfi_rag.domain.media_types import MediaType, media_type_of
from pfi_rag.domain.reading import read
from pfi_rag.domain.splitting import split
from pfi_rag.domain.submission import Submission

_BATCH_PASSAGES = 32


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is ready to be stored.

    Attributes:
        media_type: What it is.
        passages: Its passages, with vectors where there is a model.
    """

    media_type: MediaType
    passages: Sequence[StoredPassage]


class Ingestion:
    """Reads, splits and embeds; one document at a time takes the processor.

    Args:
        embedder: The model; None where none is installed.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._turn = asyncio.Lock()

    async def prepare(self, submission: Submission, content: bytes) -> Prepared:
        """Makes passages.

        Raises:
            DocumentUnsupportedError: It is of a kind that cannot be read.
            DocumentInvalidError: It is not UTF-8, or nested too deeply.
            DocumentEmptyError: There is no text in it.
        """
        async with self._turn:
            media_type, passages = await in_thread(_read, submission, content)
        return Prepared(media_type, await self._embedded(passages))

    async def _embedded(self, passages: list[StoredPassage]) -> list[StoredPassage]:
        """Adds vectors, in batches, between which other documents have their turn."""
        if self._embedder is None:
            return passages
        done: list[StoredPassage] = []
        for start in range(0, len(passages), _BATCH_PASSAGES):
            batch = passages[start : start + _BATCH_PASSAGES]
            async with self._turn:
                texts = [passage.searchable_text for passage in batch]
                vectors = await in_thread(self._embedder.embed_passages, texts)
            done += [
                replace(passage, vector=vector)
                for passage, vector in zip(batch, vectors, strict=True)
            ]
        return done


def _read(submission: Submission, content: bytes) -> tuple[MediaType, list[StoredPassage]]:
    media_type = media_type_of(submission.name, submission.media_type, content)
    try:
        passages = split(read(media_type, decode(content)))
    except RecursionError:
        raise DocumentInvalidError("The document is nested too deeply to be read.") from None
    if not passages:
        raise DocumentEmptyError
    return media_type, passages

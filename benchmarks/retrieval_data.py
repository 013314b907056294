"""Passages, queries and vectors for the retrieval benchmark, the same in every process."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from pfi_rag.domain.documents import DocumentRecord, StoredPassage, document_id

DIMENSIONS = 384
WORDS = 20_000
TOPICS = 500
PASSAGES_PER_DOCUMENT = 100
SPREAD = 0.6
"""Length of what sets a text apart from its topic, whose own length is 1."""


class SyntheticEmbedder:
    """An `Embedder` that costs next to nothing: a text's topic and some noise, told by its letters.

    A topic is the text's first word, so that passages and queries of a topic are near.
    """

    name = "synthetic"
    digest = hashlib.sha256(b"synthetic").hexdigest()
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        topics = np.random.default_rng(0).standard_normal((TOPICS, DIMENSIONS))
        self._topics = topics / np.linalg.norm(topics, axis=1, keepdims=True)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeds passages. Shape: (n, d)."""
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embeds a query. Shape: (d,)."""
        topic = int(text.partition(" ")[0].removeprefix("topic"))
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        noise = np.random.default_rng(seed).standard_normal(DIMENSIONS)
        vector = self._topics[topic] + SPREAD * noise / np.linalg.norm(noise)
        scaled: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
        return scaled


def passage_text(number: int, words: int = 60) -> str:
    """Gives the text of a passage; common words are common, as in language."""
    generator = np.random.default_rng([1, number])
    drawn = (WORDS ** generator.random(words)).astype(int)
    return " ".join([f"topic{number % TOPICS}", *(f"w{word}" for word in drawn)])


def queries(count: int, passages: int) -> list[str]:
    """Gives queries: a topic and five words of one of its passages."""
    generator = np.random.default_rng(2)
    asked = []
    for number in generator.integers(0, passages, count):
        words = passage_text(int(number)).split()
        asked.append(" ".join([words[0], *generator.choice(words[1:], 5)]))
    return asked


def documents(
    passages: int, embedder: SyntheticEmbedder | None
) -> Iterator[tuple[DocumentRecord, list[StoredPassage]]]:
    """Gives documents of a hundred passages, with vectors if there is an embedder."""
    for start in range(0, passages, PASSAGES_PER_DOCUMENT):
        texts = [passage_text(start + each) for each in range(PASSAGES_PER_DOCUMENT)]
        vectors = embedder.embed_passages(texts) if embedder else [None] * len(texts)
        listed = [
            StoredPassage(position, text, (), position + 1, position + 1, vector)
            for position, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ]
        yield _record(start, texts), listed


def _record(start: int, texts: Sequence[str]) -> DocumentRecord:
    content = "\n".join(texts).encode()
    name = f"document-{start:06d}.txt"
    return DocumentRecord(
        document=document_id(name),
        name=name,
        media_type="text/plain",
        content_sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        passages=len(texts),
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

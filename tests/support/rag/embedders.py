"""Embeddings without a model."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 384


class HashEmbedder:
    """In-memory twin of `pfi_rag.application.ports.Embedder`.

    A word is a random direction, told by its letters and the seed; a text is the mean of its words.

    Args:
        seed: Another seed is another model.
    """

    dimensions = DIMENSIONS

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._known: dict[str, NDArray[np.float32]] = {}
        self.name = f"hash-{seed}"
        self.digest = hashlib.sha256(self.name.encode()).hexdigest()
        self.embedded = 0

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        words = [word.strip(".,?!:;") for word in text.lower().split()] or [""]
        total = np.sum([self._word(word) for word in words], axis=0)
        return (total / np.linalg.norm(total)).astype(np.float32)

    def _word(self, word: str) -> NDArray[np.float32]:
        if word not in self._known:
            digest = hashlib.sha256(f"{self._seed}/{word}".encode()).digest()
            generator = np.random.default_rng(int.from_bytes(digest[:8]))
            self._known[word] = generator.standard_normal(DIMENSIONS).astype(np.float32)
        return self._known[word]

"""MiniLM by ONNX Runtime, on one thread."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_rag.adapters.embeddings.engine import onnxruntime
from pfi_rag.adapters.embeddings.library import InstalledModel, ModelLibrary
from pfi_rag.adapters.embeddings.pins import GRAPH, MAXIMUM_TOKENS, TOKENIZER

BATCH_PASSAGES = 16
"""Passages embedded at once; more are not faster on one thread."""


class OnnxEmbedder:
    """An `Embedder` over an installed model.

    Attributes:
        name: Name of the model.
        digest: SHA-256 that pins it.
        dimensions: Length of a vector.

    Args:
        model: What the manifest says.
        folder: Its files.

    Raises:
        EmbeddingModelInvalidError: The files cannot be loaded.
    """

    def __init__(self, model: InstalledModel, folder: Path) -> None:
        self.name = model.name
        self.digest = model.digest
        self.dimensions = model.dimensions
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            self._session = onnxruntime.InferenceSession(
                folder / GRAPH, _options(), providers=["CPUExecutionProvider"]
            )
        except (ValueError, OSError, RuntimeError) as error:
            raise EmbeddingModelInvalidError from error
        self._tokenizer.enable_truncation(MAXIMUM_TOKENS)
        self._tokenizer.enable_padding()

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed_passages`.

        Texts of like length go together, so that little of a batch is padding.
        """
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), BATCH_PASSAGES):
            batch = order[start : start + BATCH_PASSAGES]
            vectors[batch] = self._embed([texts[index] for index in batch])
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `Embedder.embed_query`."""
        vector: NDArray[np.float32] = self._embed([text])[0]
        return vector

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        encoded: list[Encoding] = self._tokenizer.encode_batch(texts)
        feeds: dict[str, Any] = {
            "ids": np.array([item.ids for item in encoded], dtype=np.int64),
            "mask": np.array([item.attention_mask for item in encoded], dtype=np.int64),
        }
        (vectors,) = self._session.run(["vectors"], feeds)
        return np.asarray(vectors, dtype=np.float32)


def load_embedder(folder: Path) -> OnnxEmbedder | None:
    """Loads the installed model of a folder; `None` when there is none.

    Raises:
        EmbeddingModelInvalidError: It is incomplete or altered.
    """
    library = ModelLibrary(folder)
    model = library.installed()
    if model is None:
        return None
    library.verify(model)
    return OnnxEmbedder(model, library.path(model))


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options

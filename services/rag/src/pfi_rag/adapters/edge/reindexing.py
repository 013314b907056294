"""Gives passages the vectors of another model."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import numpy as np

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_rag.adapters.edge.opened import OpenIndex
from pfi_rag.adapters.edge.points import Place
from pfi_rag.adapters.edge.room import PASSAGE_BYTES, require_room
from pfi_rag.adapters.edge.shard import DIMENSIONS
from pfi_rag.application.ports import Embedder
from pfi_rag.domain.query import SearchFilter

BATCH_PASSAGES = 64


def embed_missing(
    current: Callable[[], OpenIndex],
    writing: AbstractContextManager[object],
    embedder: Embedder,
    model: str,
) -> Iterator[tuple[int, int]]:
    """Embeds passages without a vector of the model, some at a time, until there are none.

    What is done stays done when the caller stops. Writes are kept away only while vectors are
    stored, not while they are made.

    Yields:
        How many passages are done, and how many there were and are to be done.

    Raises:
        EmbeddingModelInvalidError: The embedder has another model.
        DiskFullError: There is no room for more vectors.
    """
    if embedder.digest != model or embedder.dimensions != DIMENSIONS:
        raise EmbeddingModelInvalidError("The index was opened with another embedding model.")
    done = 0
    while True:
        with writing:
            index = current()
            places = _without_vector(index, model)
            texts = [_text(index, place) for place in places]
        if not places:
            return
        vectors = embedder.embed_passages(texts)
        with writing:
            index = current()
            require_room(index.layout.folder, len(places) * PASSAGE_BYTES)
            index.shelf.shard.set_vectors(places, vectors.astype(np.float32), model)
            left = missing_vectors(index, model)
        done += len(places)
        yield done, done + left


def missing_vectors(index: OpenIndex, model: str) -> int:
    """Gives the number of passages that documents have without a vector of the model."""
    scope = index.catalogue.scope(SearchFilter())
    return index.shelf.read(lambda shard: shard.missing(model, scope)) if scope else 0


def _without_vector(index: OpenIndex, model: str) -> list[Place]:
    scope = index.catalogue.scope(SearchFilter())
    return index.shelf.shard.without_vector(model, scope, BATCH_PASSAGES) if scope else []


def _text(index: OpenIndex, place: Place) -> str:
    return index.library.passage(place.source, place.position, place.span).searchable_text

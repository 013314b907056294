"""Stores that a test opens, closed at its end."""

from collections.abc import Callable

from tests.support.rag.documents import ask, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_rag.application.ports import PassageStore, StoreFactory
from pfi_rag.domain.ownership import Owner

EMBEDDER = HashEmbedder()
OWNER = make_owner()
PUMP = ["For Pump Giku, the locker code is 4827.", "The pump was serviced in March."]
BOILER = ["The boiler in hall seven hums.", "Its warranty ends in 2031."]

MakeFactory = Callable[[str | None], StoreFactory]
"""Makes a factory over the same indexes, for an embedding model or none."""


class Stores:
    """Opens stores and closes them at the end of the test."""

    def __init__(self, make_factory: MakeFactory) -> None:
        self._make_factory = make_factory
        self._open: list[PassageStore] = []

    def open(self, owner: Owner = OWNER, model: HashEmbedder | None = EMBEDDER) -> PassageStore:
        store = self._make_factory(model.digest if model else None).open(owner)
        self._open.append(store)
        return store

    def close(self, store: PassageStore) -> None:
        self._open.remove(store)
        store.close()

    def close_all(self) -> None:
        while self._open:
            self._open.pop().close()


def texts_of(store: PassageStore, text: str, **how: object) -> list[str]:
    """Gives the texts that a search finds."""
    return [hit.text for hit in ask(store, text, EMBEDDER, **how).hits]  # type: ignore[arg-type]

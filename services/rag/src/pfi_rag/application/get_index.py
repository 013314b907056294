"""Says how an owner's index stands."""

from dataclasses import dataclass

from pfi_rag.application.blocking import in_thread
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.application.ports import Embedder
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.query import IndexStatus


@dataclass(frozen=True, slots=True)
class IndexReport:
    """How an index stands.

    Attributes:
        status: What the store says.
        model_name: Name of the embedding model; empty without one.
        model_digest: Its digest; empty without one.
        reindexing: True while passages are embedded again, or about to be.
    """

    status: IndexStatus
    model_name: str
    model_digest: str
    reindexing: bool


class GetIndex:
    """Reports on an index."""

    def __init__(self, indexes: OpenIndexes, embedder: Embedder | None) -> None:
        self._indexes = indexes
        self._model = ("", "") if embedder is None else (embedder.name, embedder.digest)

    async def run(self, owner: Owner) -> IndexReport:
        """Gives the report.

        Raises:
            PlatformError: The index cannot be used.
        """
        async with self._indexes.reading(owner) as store:
            status = await in_thread(store.status)
            reindexing = status.reindexing or self._indexes.is_reindexing(owner)
        return IndexReport(status, *self._model, reindexing)

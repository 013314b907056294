"""Opens the folder that a certificate leads to."""

import shutil
from pathlib import Path

from pfi_rag.adapters.edge.failures import EdgeFailures
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.adapters.edge.store import EdgeStore
from pfi_rag.domain.ownership import Owner, index_location


class EdgeStoreFactory:
    """A `StoreFactory` over a folder with one index per owner.

    Args:
        root: The folder; made when it is not there.
        model_digest: Embedding model of the vectors; none for BM25 alone.
    """

    def __init__(self, root: Path, model_digest: str | None) -> None:
        self._root = root
        self._model_digest = model_digest

    @EdgeFailures()
    def open(self, owner: Owner) -> EdgeStore:
        """See `StoreFactory.open`."""
        folder = index_location(self._root, owner)
        layout = IndexLayout(folder)
        for doomed in layout.doomed():
            shutil.rmtree(doomed, ignore_errors=True)  # another process may be at it
        return EdgeStore(layout, owner, self._model_digest)

"""Makes a document unfindable."""

from pfi_common.errors import DocumentUnknownError
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.domain.ownership import Owner


class DeleteDocument:
    """Deletes; traces stay in the files until the document is forgotten."""

    def __init__(self, indexes: OpenIndexes) -> None:
        self._indexes = indexes

    async def run(self, owner: Owner, document: str) -> int:
        """Deletes a document and gives the number of its passages.

        Raises:
            DocumentUnknownError: The owner has no document of this id, or no longer.
            PlatformError: The index cannot be used.
        """
        async with self._indexes.writing(owner) as store:
            passages = await in_thread(store.delete, document)
        if not passages:
            raise DocumentUnknownError
        return passages

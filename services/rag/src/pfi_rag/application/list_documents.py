"""Lists an owner's documents, page by page."""

from pfi_rag.application.blocking import in_thread
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.paging import Page, page_of


class ListDocuments:
    """Lists the documents, sorted by name."""

    def __init__(self, indexes: OpenIndexes) -> None:
        self._indexes = indexes

    async def run(self, owner: Owner, prefix: str = "", size: int = 0, token: str = "") -> Page:
        """Gives a page.

        Args:
            owner: Whose documents.
            prefix: Beginning of their names.
            size: Most documents of the page; 0 for the default.
            token: From the page before; empty for the first one.

        Raises:
            InvalidRequestError: The size or the token breaks its rule.
            PlatformError: The index cannot be used.
        """
        async with self._indexes.reading(owner) as store:
            records = await in_thread(store.documents)
        return page_of(records, owner, prefix, size, token)

"""Finds passages that answer a query."""

from pfi_common.clock import Clock
from pfi_common.errors import InvalidRequestError
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.meter import Meter
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.application.ports import Embedder, PassageStore
from pfi_rag.domain.ownership import Owner
from pfi_rag.domain.query import EVERYTHING, Query, SearchFilter, SearchResult
from pfi_rag.domain.submission import MAXIMUM_NAME_CHARACTERS, check_labels

MAXIMUM_QUERY_CHARACTERS = 4096
MAXIMUM_LIMIT = 50
DEFAULT_LIMIT = 4
MAXIMUM_FILTERED_DOCUMENTS = 1000


class SearchPassages:
    """Searches the owner's index.

    Args:
        indexes: The open indexes.
        embedder: The model; None where none is installed.
        meter: Counts.
        clock: Times.
    """

    def __init__(
        self, indexes: OpenIndexes, embedder: Embedder | None, meter: Meter, clock: Clock
    ) -> None:
        self._indexes = indexes
        self._embedder = embedder
        self._meter = meter
        self._clock = clock

    async def run(
        self, owner: Owner, text: str, limit: int = 0, narrowed: SearchFilter | None = None
    ) -> SearchResult:
        """Finds at most `limit` passages, best first; 0 for the default.

        Raises:
            InvalidRequestError: The query, the limit or the filter breaks its rule.
            PlatformError: The index cannot be used.
        """
        started = self._clock.monotonic()
        narrowed = narrowed or EVERYTHING
        _check(text, limit, narrowed)
        async with self._indexes.reading(owner) as store:
            result = await in_thread(self._search, store, text, limit or DEFAULT_LIMIT, narrowed)
        self._meter.search_done(result, self._clock.monotonic() - started)
        return result

    def _search(
        self, store: PassageStore, text: str, limit: int, narrowed: SearchFilter
    ) -> SearchResult:
        vector = None if self._embedder is None else self._embedder.embed_query(text)
        return store.search(Query(text, vector, limit, narrowed))


def _check(text: str, limit: int, narrowed: SearchFilter) -> None:
    if not 1 <= len(text) <= MAXIMUM_QUERY_CHARACTERS or not text.strip():
        raise InvalidRequestError(
            f"a query has 1 to {MAXIMUM_QUERY_CHARACTERS:,} characters, not all of them blank"
        )
    if not 0 <= limit <= MAXIMUM_LIMIT:
        raise InvalidRequestError(f"limit is 1 to {MAXIMUM_LIMIT}, or 0 for {DEFAULT_LIMIT}")
    if len(narrowed.documents) > MAXIMUM_FILTERED_DOCUMENTS:
        raise InvalidRequestError(
            f"a filter names at most {MAXIMUM_FILTERED_DOCUMENTS:,} documents"
        )
    if len(narrowed.name_prefix) > MAXIMUM_NAME_CHARACTERS:
        raise InvalidRequestError(f"name_prefix has at most {MAXIMUM_NAME_CHARACTERS:,} characters")
    check_labels(narrowed.labels)
    _check_characters(text, "query")
    _check_characters(narrowed.name_prefix, "name_prefix")


def _check_characters(text: str, field: str) -> None:
    """Refuses half of a character, which JSON can say and UTF-8 cannot.

    Raises:
        InvalidRequestError: There is one.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequestError(f"{field} holds an incomplete character") from None

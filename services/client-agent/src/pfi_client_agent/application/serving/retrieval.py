"""Finds passages of the user's own documents for a question."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from pfi.rag.v1.retrieval_service_pb2 import Passage, RetrievalMode, SearchPassagesResponse
from pfi_client_agent.domain.answering import Citation
from pfi_common.errors import IdentityInvalidError, PlatformError, RetrievalUnavailableError

_MODE_PREFIX = "RETRIEVAL_MODE_"
# What a search takes; the beginning of a longer question is looked for.
_QUERY_CHARACTERS = 4096


class SearchLink(Protocol):
    """An open connection to the user's index."""

    async def search(self, query: str, limit: int) -> SearchPassagesResponse:
        """Find passages.

        Raises:
            PlatformError: The index refuses, or cannot be reached.
        """
        ...


OpenLink = Callable[[], AbstractAsyncContextManager[SearchLink]]
"""Opens a connection; starts the service when this device runs it and it does not run yet."""


@dataclass(frozen=True)
class Found:
    """What a search gave.

    Attributes:
        passages: Best first.
        mode: `hybrid`, `bm25`, or `off`: nothing was looked for.
        no_evidence: True when nothing in the index speaks of the question.
    """

    passages: Sequence[Citation] = ()
    mode: str = "off"
    no_evidence: bool = False

    def document(self, used: int) -> dict[str, Any]:
        """Write it for the answer's metadata.

        Args:
            used: So many passages had room in the prompt.
        """
        return {
            "mode": self.mode,
            "no_evidence": self.no_evidence,
            "found": len(self.passages),
            "passages": used,
        }


class _Connection:
    """A connection and those who search over it; closed when the last of them is done.

    Closed earlier, it would end the searches of others without a reason.

    Args:
        link: The connection.
        resources: What is closed with it.
    """

    def __init__(self, link: SearchLink, resources: AsyncExitStack) -> None:
        self._link = link
        self._resources = resources
        self._users = 0
        self._given_up = False

    async def search(self, query: str, limit: int) -> SearchPassagesResponse:
        """Search."""
        self._users += 1
        try:
            return await self._link.search(query, limit)
        finally:
            self._users -= 1
            await self._close_unused()

    async def give_up(self) -> None:
        """Close it as soon as nobody searches over it."""
        self._given_up = True
        await self._close_unused()

    async def _close_unused(self) -> None:
        if self._given_up and not self._users:
            await self._resources.aclose()


class Retrieval:
    """Searches over one connection, which is opened when it is needed and after each failure.

    Args:
        open_link: Opens a connection.
        available: Tells whether there is an index; asked before each search.
    """

    def __init__(self, open_link: OpenLink, available: Callable[[], bool]) -> None:
        self._open_link = open_link
        self._available = available
        self._connection: _Connection | None = None
        self._opening = asyncio.Lock()

    async def find(self, question: str, limit: int) -> Found:
        """Find passages for a question.

        A connection that was open before and broke is opened again once: a search changes nothing.

        Raises:
            RetrievalUnavailableError: The index cannot be reached.
            PlatformError: The index refuses.
        """
        if not question.strip() or not self._available():
            return Found()
        query = question.strip()[:_QUERY_CHARACTERS]
        was_open = self._connection is not None
        try:
            return _found(await self._search(query, limit))
        except (RetrievalUnavailableError, IdentityInvalidError):
            if not was_open:
                raise
        return _found(await self._search(query, limit))

    async def close(self) -> None:
        """Close the connection."""
        await self._drop(self._connection)

    async def _search(self, query: str, limit: int) -> SearchPassagesResponse:
        connection = await self._opened()
        try:
            return await connection.search(query, limit)
        except PlatformError as error:
            # A connection keeps its certificate, which lasts a day; the next one has the new one.
            if not error.retryable and not isinstance(error, IdentityInvalidError):
                raise
            await self._drop(connection)
            if not error.retryable:
                raise
            raise _unavailable(error) from error

    async def _opened(self) -> _Connection:
        async with self._opening:
            if self._connection is None:
                resources = AsyncExitStack()
                try:
                    link = await resources.enter_async_context(self._open_link())
                except PlatformError as error:
                    if not error.retryable:
                        raise
                    raise _unavailable(error) from error
                self._connection = _Connection(link, resources)
            return self._connection

    async def _drop(self, connection: _Connection | None) -> None:
        """Give a connection up, once, so that the next search opens another."""
        if connection is not None and self._connection is connection:
            self._connection = None
            await connection.give_up()


def _unavailable(error: PlatformError) -> RetrievalUnavailableError:
    if isinstance(error, RetrievalUnavailableError):
        return error
    return RetrievalUnavailableError(retry_after_seconds=error.retry_after_seconds)


def _found(response: SearchPassagesResponse) -> Found:
    mode = RetrievalMode.Name(response.mode).removeprefix(_MODE_PREFIX).lower()
    return Found([_citation(each) for each in response.passages], mode, response.no_evidence)


def _citation(passage: Passage) -> Citation:
    return Citation(
        document=passage.document,
        name=passage.name,
        headings=tuple(passage.headings),
        position=passage.position,
        first_line=passage.first_line,
        last_line=passage.last_line,
        score=passage.score,
        text=passage.text,
    )

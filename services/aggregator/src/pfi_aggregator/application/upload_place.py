"""The place of one running upload, which can be taken away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pfi_aggregator.domain.pacing import spread
from pfi_common.errors import UploadsLimitedError

_RETRY_SECONDS = 1.0


class Place:
    """Held by one running upload.

    Attributes:
        client: Whose upload it is.
        since: When it was given, by the event loop's clock.
        lost: Whether it was taken away.
    """

    def __init__(self, client: str, since: float) -> None:
        self.client = client
        self.since = since
        self.lost = False
        self._scope: asyncio.Timeout | None = None

    def lose(self) -> None:
        """Ends the receiving, now or as soon as it begins."""
        self.lost = True
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Receives inside the context, which ends when the place is taken away.

        Raises:
            UploadsLimitedError: it was.
        """
        deadline = asyncio.get_running_loop().time() if self.lost else None
        try:
            async with asyncio.timeout_at(deadline) as scope:
                self._scope = scope
                try:
                    yield
                finally:
                    self._scope = None
        except TimeoutError as error:
            message = "Others wait for this upload's place; it goes on where it stopped."
            raise UploadsLimitedError(
                message, retry_after_seconds=spread(_RETRY_SECONDS)
            ) from error

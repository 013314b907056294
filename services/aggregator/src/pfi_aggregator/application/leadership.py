"""Which coordinator may command."""

import asyncio

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import LeaderTokens
from pfi_common.errors import InvalidRequestError, LeaderSupersededError


class Leadership:
    """Obeys the highest fencing token seen, and no lower one ever again."""

    def __init__(self, tokens: LeaderTokens) -> None:
        self._tokens = tokens
        self._raising = asyncio.Lock()

    def highest(self) -> int:
        """Gives the highest token seen; 0 for none."""
        return self._tokens.highest()

    async def require(self, token: int) -> None:
        """Checks a command's token, and remembers a new highest one before it is obeyed.

        Raises:
            InvalidRequestError: there is no token.
            LeaderSupersededError: a higher one has been seen.
        """
        if token < 1:
            raise InvalidRequestError("leader_token counts from 1.", field="leader_token")
        async with self._raising:
            highest = self._tokens.highest()
            if token < highest:
                raise LeaderSupersededError(leader_token=str(highest))
            if token > highest:
                await in_thread(self._tokens.raise_to, token)

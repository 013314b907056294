"""In which rounds updates of clients were counted last."""

from collections.abc import Collection, Mapping
from typing import Protocol


class CountedRounds(Protocol):
    """The last round of a line whose published version counts an update of a client.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def note(self, run: str, line: str, number: int, clients: Collection[str]) -> None:
        """Notes whom a published round counted. May be repeated; a later round is never undone."""
        ...

    async def last(self, run: str, line: str, clients: Collection[str]) -> Mapping[str, int]:
        """Gives the last round by client; those that were never counted are left out."""
        ...

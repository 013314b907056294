"""The revocation list, as the coordinator writes it."""

from typing import Protocol


class Revocations(Protocol):
    """The set of revoked clients, which every service follows.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def add(self, client: str, reason: str) -> None:
        """Revokes a client for good. May be repeated."""
        ...

    async def members(self) -> set[str]:
        """Gives the revoked clients."""
        ...

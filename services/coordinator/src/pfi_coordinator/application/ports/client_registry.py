"""Where clients are registered."""

from datetime import datetime
from typing import Protocol

from pfi_coordinator.domain.members import AgentFacts, Client


class ClientRegistry(Protocol):
    """Every client that ever enrolled.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def get(self, client: str) -> Client:
        """Gives one client.

        Raises:
            ClientUnknownError: It never enrolled.
        """
        ...

    async def find(self, clients: list[str]) -> dict[str, Client]:
        """Gives those of these clients that enrolled."""
        ...

    async def all(self) -> list[Client]:
        """Gives every client, oldest first."""
        ...

    async def certified(self, client: str, expires_at: datetime) -> None:
        """Notes the end of the client's certificate."""
        ...

    async def described(self, client: str, facts: AgentFacts) -> None:
        """Notes what the client's agent last said of itself."""
        ...

    async def revoke(self, client: str) -> None:
        """Marks the client as revoked, for good.

        Raises:
            ClientUnknownError: It never enrolled.
        """
        ...

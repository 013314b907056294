"""What clients did in earlier rounds of a run."""

from collections.abc import Collection
from typing import Protocol

from pfi_coordinator.domain.facts import ClientFacts


class ClientHistories(Protocol):
    """Looks up what a run remembers of clients, a row each.

    The run store keeps it: rows are written together with the decision that gives them. Every
    method raises StoreUnavailableError when the store does not answer.
    """

    async def find(self, run: str, clients: Collection[str]) -> tuple[ClientFacts, ...]:
        """Gives the facts of those of these clients that something is known of, by client id."""
        ...

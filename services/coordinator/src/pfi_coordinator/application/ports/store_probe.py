"""The store itself, looked at from outside."""

from typing import Protocol

from pfi_coordinator.domain.store_rules import StoreFacts, StoreMarker


class StoreProbe(Protocol):
    """Tells what the store is, and keeps the marker of its federation.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def facts(self) -> StoreFacts:
        """Gives what the server says of itself."""
        ...

    async def marker(self) -> StoreMarker | None:
        """Gives the marker, or None in an empty store."""
        ...

    async def mark(self, marker: StoreMarker) -> None:
        """Writes the marker."""
        ...

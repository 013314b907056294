"""Who is connected, and where."""

from typing import Protocol

from pfi_coordinator.domain.members import Session


class Presence(Protocol):
    """Open sessions of every replica. A replica that stops beating is gone with its sessions.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def enter(self, session: Session) -> Session | None:
        """Records a session; gives the client's session that it replaces, if any."""
        ...

    async def change(self, before: Session, after: Session) -> bool:
        """Replaces the record of a session; False when another one is recorded, or none."""
        ...

    async def leave(self, session: Session) -> None:
        """Forgets a session, unless a newer one has replaced it."""
        ...

    async def connected(self) -> list[Session]:
        """Gives the sessions of every living replica."""
        ...

    async def beat(self, replica: str) -> None:
        """Says that a replica lives; good for a few seconds."""
        ...

    async def clear(self, replica: str) -> None:
        """Forgets every session of a replica, as it starts or stops."""
        ...

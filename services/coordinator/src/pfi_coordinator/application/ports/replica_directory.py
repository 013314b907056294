"""Where the replicas of the coordinator are reached."""

from typing import Protocol

from pfi_coordinator.domain.replicas import Replica


class ReplicaDirectory(Protocol):
    """Every replica that ever announced itself.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def announce(self, replica: Replica) -> None:
        """Records where a replica is reached, in place of what was recorded under its name."""
        ...

    async def all(self) -> list[Replica]:
        """Gives every replica."""
        ...

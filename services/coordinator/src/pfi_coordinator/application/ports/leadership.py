"""Who leads."""

from typing import Protocol


class Leadership(Protocol):
    """A lease that at most one replica holds, and fencing tokens that only grow.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def acquire(self, replica: str, holder: str) -> bool:
        """Takes the lease when it is free, or held by an earlier process of the same replica.

        Args:
            replica: Name of this replica.
            holder: Name of this process.
        """
        ...

    async def renew(self, replica: str, holder: str) -> bool:
        """Keeps the lease; False when it is lost."""
        ...

    async def release(self, replica: str, holder: str) -> None:
        """Gives the lease back, if it is still held."""
        ...

    async def incarnation(self) -> str:
        """Names the store's present process: after a restart it may have lost its last moments."""
        ...

    async def next_token(self, floor: int) -> int:
        """Gives a fencing token above `floor` and above every one given before."""
        ...

"""Where the nonces of renewals are kept."""

from typing import Protocol


class ChallengeStore(Protocol):
    """Nonces that are good for one use within a short time.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def put(self, nonce: bytes) -> None:
        """Stores a fresh nonce."""
        ...

    async def take(self, nonce: bytes) -> bool:
        """Uses a nonce up; False when it is unknown, used or too old."""
        ...

"""Where join tokens are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pfi_coordinator.domain.members import Client


class TokenStore(Protocol):
    """One-time join tokens, by the SHA-256 of their secret; the secret itself is never stored.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def create(self, secrets_sha256: Sequence[str], label: str, expires_at: datetime) -> None:
        """Stores tokens, all of them or none."""
        ...

    async def redeem(self, secret_sha256: str, applicant: Client, now: datetime) -> str:
        """Uses the token up and registers the applicant, both or neither.

        A key that is registered already keeps its client id.

        Returns:
            The client id.

        Raises:
            TokenInvalidError: There is no such token.
            TokenExpiredError: It is too old.
            TokenUsedError: Another key used it, or this one more than 10 minutes ago.
            ClientRevokedError: The key belongs to a revoked client; the token is not used up.
        """
        ...

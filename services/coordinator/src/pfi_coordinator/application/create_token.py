"""Makes a one-time join token."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pfi_common.clock import Clock
from pfi_common.errors import InvalidRequestError
from pfi_common.identity import JoinToken
from pfi_coordinator.application.ports.token_store import TokenStore
from pfi_coordinator.domain.enrolment import MAXIMUM_TOKEN_LIFETIME, check_display_name

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A join token, shown once."""

    token: JoinToken
    expires_at: datetime


def secret_sha256(secret: str) -> str:
    """Gives what is stored of a token's secret."""
    return sha256(secret.encode()).hexdigest()


class CreateToken:
    """Makes join tokens for this federation."""

    def __init__(
        self, tokens: TokenStore, clock: Clock, endpoint: str, authority_fingerprint: str
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._endpoint = endpoint
        self._authority_fingerprint = authority_fingerprint

    async def __call__(self, lifetime: timedelta, label: str) -> IssuedToken:
        """Makes a token.

        Raises:
            InvalidRequestError: The lifetime or the label breaks its rule.
        """
        if not timedelta(0) < lifetime <= MAXIMUM_TOKEN_LIFETIME:
            raise InvalidRequestError(
                f"ttl_seconds: above 0, at most {MAXIMUM_TOKEN_LIFETIME.total_seconds():.0f}",
                field="ttl_seconds",
            )
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        expires_at = self._clock.now() + lifetime
        await self._tokens.create(secret_sha256(secret), check_display_name(label), expires_at)
        token = JoinToken(self._endpoint, self._authority_fingerprint, secret)
        return IssuedToken(token, expires_at)

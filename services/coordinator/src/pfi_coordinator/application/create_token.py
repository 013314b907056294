"""Makes one-time join tokens."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pfi_common.clock import Clock
from pfi_common.errors import InvalidRequestError
from pfi_common.identity import JoinToken
from pfi_coordinator.application.ports.token_store import TokenStore
from pfi_coordinator.domain.enrolment import MAXIMUM_TOKEN_LIFETIME, check_display_name

MAXIMUM_TOKENS = 1000
"""Tokens that one request may ask for."""

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """Join tokens, shown once; all expire together."""

    tokens: tuple[JoinToken, ...]
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

    async def __call__(self, lifetime: timedelta, label: str, count: int = 1) -> IssuedTokens:
        """Makes tokens, each good for one client.

        Raises:
            InvalidRequestError: The lifetime, the label or the count breaks its rule.
        """
        if not timedelta(0) < lifetime <= MAXIMUM_TOKEN_LIFETIME:
            raise InvalidRequestError(
                f"ttl_seconds: above 0, at most {MAXIMUM_TOKEN_LIFETIME.total_seconds():.0f}",
                field="ttl_seconds",
            )
        if not 1 <= count <= MAXIMUM_TOKENS:
            raise InvalidRequestError(f"count: 1 to {MAXIMUM_TOKENS}", field="count")
        made = [secrets.token_urlsafe(_SECRET_BYTES) for _ in range(count)]
        expires_at = self._clock.now() + lifetime
        await self._tokens.create(
            [secret_sha256(secret) for secret in made], check_display_name(label), expires_at
        )
        return IssuedTokens(tuple(map(self._token, made)), expires_at)

    def _token(self, secret: str) -> JoinToken:
        return JoinToken(self._endpoint, self._authority_fingerprint, secret)

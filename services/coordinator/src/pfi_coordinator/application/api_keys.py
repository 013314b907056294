"""API keys: made once, shown once, checked on every request."""

import secrets
from collections.abc import Set
from hashlib import sha256

from pfi_common.clock import Clock
from pfi_common.errors import ApiKeyInvalidError, ScopeMissingError
from pfi_coordinator.application.ports.api_keys import ApiKey, ApiKeyStore
from pfi_coordinator.domain.enrolment import check_display_name
from pfi_coordinator.domain.scopes import Scope

_PREFIX = "pfk_"
_PARTS = 3


class CreateApiKey:
    """Makes API keys."""

    def __init__(self, store: ApiKeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, name: str, scopes: Set[Scope]) -> str:
        """Makes a key and gives it; only its hash is kept.

        Raises:
            InvalidRequestError: The name breaks its rule.
        """
        key, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        stored = ApiKey(
            key=key,
            name=check_display_name(name),
            secret_sha256=_hash(secret),
            scopes=frozenset(scopes),
            created_at=self._clock.now(),
        )
        await self._store.put(stored)
        return f"{_PREFIX}{key}_{secret}"


class Authorize:
    """Checks the key of a request."""

    def __init__(self, store: ApiKeyStore) -> None:
        self._store = store

    async def __call__(self, text: str, wanted: Scope | None) -> ApiKey:
        """Gives the key when it is right and has the scope (None: whatever it may do).

        Raises:
            ApiKeyInvalidError: There is no such key.
            ScopeMissingError: It may not do this.
        """
        parts = text.split("_", _PARTS - 1)
        if len(parts) != _PARTS or not text.startswith(_PREFIX):
            raise ApiKeyInvalidError
        found = await self._store.get(parts[1])
        # A wrong id takes the same comparison as a wrong secret.
        expected = _hash("") if found is None else found.secret_sha256
        matches = secrets.compare_digest(_hash(parts[2]), expected)
        if found is None or not matches:
            raise ApiKeyInvalidError
        if wanted is not None and wanted not in found.scopes:
            raise ScopeMissingError(f"the API key lacks the scope {wanted}", scope=wanted)
        return found


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()

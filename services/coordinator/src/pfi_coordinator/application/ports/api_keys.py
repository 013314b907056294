"""Where API keys are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pfi_coordinator.domain.scopes import Scope


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key at rest: its secret is known by hash alone."""

    key: str
    name: str
    secret_sha256: str
    scopes: frozenset[Scope]
    created_at: datetime


class ApiKeyStore(Protocol):
    """API keys by id.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def put(self, key: ApiKey) -> None:
        """Stores a key."""
        ...

    async def get(self, key: str) -> ApiKey | None:
        """Gives a key, or None."""
        ...

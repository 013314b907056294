from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tests.support.coordinator.memory import Memory

from pfi_common.errors import (
    ClientRevokedError,
    ClientUnknownError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)
from pfi_coordinator.application.ports.api_keys import ApiKey
from pfi_coordinator.domain.enrolment import REPEAT_WINDOW
from pfi_coordinator.domain.members import AgentFacts, Client


@dataclass
class _Token:
    expires_at: datetime
    used_by: str = ""
    used_at: datetime | None = None
    client: str = ""


class MemoryTokenStore:
    """In-memory twin of `pfi_coordinator.application.ports.token_store.TokenStore`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._tokens: dict[str, _Token] = {}

    async def create(self, secrets_sha256: Sequence[str], label: str, expires_at: datetime) -> None:
        self._tokens |= {secret: _Token(expires_at) for secret in secrets_sha256}

    async def redeem(self, secret_sha256: str, applicant: Client, now: datetime) -> str:
        token = self._tokens.get(secret_sha256)
        if token is None:
            raise TokenInvalidError
        if token.used_at is not None:
            repeated = token.used_by == applicant.key_sha256
            if repeated and now - token.used_at <= REPEAT_WINDOW:
                return token.client
            raise TokenUsedError
        if now >= token.expires_at:
            raise TokenExpiredError
        client = self._register(applicant)
        token.used_by, token.used_at, token.client = applicant.key_sha256, now, client
        return client

    def _register(self, applicant: Client) -> str:
        for known in self._memory.clients.values():
            if known.key_sha256 == applicant.key_sha256:
                if known.client in self._memory.revoked:
                    raise ClientRevokedError
                name = applicant.display_name or known.display_name
                self._memory.clients[known.client] = replace(known, display_name=name)
                return known.client
        self._memory.clients[applicant.client] = applicant
        return applicant.client


class MemoryClientRegistry:
    """In-memory twin of `pfi_coordinator.application.ports.client_registry.ClientRegistry`."""

    def __init__(self, memory: Memory) -> None:
        self._clients = memory.clients

    async def get(self, client: str) -> Client:
        if client not in self._clients:
            raise ClientUnknownError(f"there is no client {client}")
        return self._clients[client]

    async def find(self, clients: list[str]) -> dict[str, Client]:
        return {client: self._clients[client] for client in clients if client in self._clients}

    async def all(self) -> list[Client]:
        return list(self._clients.values())

    async def certified(self, client: str, expires_at: datetime) -> None:
        self._clients[client] = replace(self._clients[client], certificate_expires_at=expires_at)

    async def described(self, client: str, facts: AgentFacts) -> None:
        self._clients[client] = replace(
            self._clients[client],
            agent_version=facts.agent_version,
            training_rows=facts.training_rows,
            upload_encodings=facts.upload_encodings,
            device_class=facts.device_class,
        )

    async def revoke(self, client: str) -> None:
        self._clients[client] = replace(await self.get(client), revoked=True)


class MemoryChallengeStore:
    """In-memory twin of `pfi_coordinator.application.ports.challenge_store.ChallengeStore`."""

    def __init__(self) -> None:
        self._nonces: set[bytes] = set()

    async def put(self, nonce: bytes) -> None:
        self._nonces.add(nonce)

    async def take(self, nonce: bytes) -> bool:
        known = nonce in self._nonces
        self._nonces.discard(nonce)
        return known


class MemoryRevocations:
    """In-memory twin of `pfi_coordinator.application.ports.revocations.Revocations`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def add(self, client: str, reason: str) -> None:
        self._memory.revoked.setdefault(client, reason)

    async def members(self) -> set[str]:
        return set(self._memory.revoked)


class MemoryApiKeyStore:
    """In-memory twin of `pfi_coordinator.application.ports.api_keys.ApiKeyStore`."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    async def put(self, key: ApiKey) -> None:
        self._keys[key.key] = key

    async def get(self, key: str) -> ApiKey | None:
        return self._keys.get(key)

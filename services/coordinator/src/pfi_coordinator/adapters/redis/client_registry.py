"""The client registry in Redis."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from pfi_common.errors import ClientUnknownError
from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, fields, store_errors, text
from pfi_coordinator.adapters.redis.scripts import Script
from pfi_coordinator.domain.members import AgentFacts, Client

_KEY = "key_sha256"
"""What every registered client has."""

_BATCH = 500
"""Clients in one run of the script, so that it does not hold the server for long."""


class RedisClientRegistry:
    """`pfi_coordinator.application.ports.client_registry.ClientRegistry` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._read = Script(redis, "read_hashes")

    async def get(self, client: str) -> Client:
        """See ClientRegistry.get."""
        found = await self.find([client])
        if client not in found:
            raise ClientUnknownError(f"there is no client {client}", client=client)
        return found[client]

    async def find(self, clients: list[str]) -> dict[str, Client]:
        """See ClientRegistry.find."""
        found: dict[str, Client] = {}
        for start in range(0, len(clients), _BATCH):
            batch = clients[start : start + _BATCH]
            reply = cast("list[bytes]", await self._read([keys.client(item) for item in batch], []))
            registered = zip(batch, map(_columns, reply), strict=True)
            found |= {client: _read(client, row) for client, row in registered if _KEY in row}
        return found

    async def all(self) -> list[Client]:
        """See ClientRegistry.all."""
        async with store_errors():
            ordered: list[Any] = await self._redis.zrange(keys.CLIENTS, 0, -1)
        clients = [text(client) for client in ordered]
        found = await self.find(clients)
        return [found[client] for client in clients if client in found]

    async def certified(self, client: str, expires_at: datetime) -> None:
        """See ClientRegistry.certified."""
        async with store_errors():
            await self._redis.hset(
                keys.client(client), "certificate_expires_at", expires_at.isoformat()
            )

    async def described(self, client: str, facts: AgentFacts) -> None:
        """See ClientRegistry.described."""
        news = {
            "agent_version": facts.agent_version,
            "training_rows": facts.training_rows,
            "upload_encodings": " ".join(facts.upload_encodings),
            "device_class": facts.device_class,
        }
        async with store_errors():
            await self._redis.hset(keys.client(client), mapping=fields(news))

    async def revoke(self, client: str) -> None:
        """See ClientRegistry.revoke."""
        await self.get(client)
        async with store_errors():
            await self._redis.hset(keys.client(client), "revoked", 1)


def _columns(reply: bytes) -> dict[str, str]:
    """Reads a hash; the script writes one that is absent as an empty object."""
    columns: list[str] = list(json.loads(reply))
    return dict(zip(columns[::2], columns[1::2], strict=True))


def _read(client: str, values: Mapping[str, str]) -> Client:
    expires = values.get("certificate_expires_at")
    return Client(
        client=client,
        display_name=values["display_name"],
        key_sha256=values[_KEY],
        public_key_der=base64.b64decode(values["public_key"]),
        enrolled_at=datetime.fromisoformat(values["enrolled_at"]),
        certificate_expires_at=None if expires is None else datetime.fromisoformat(expires),
        training_rows=int(values.get("training_rows", 0)),
        agent_version=values.get("agent_version", ""),
        upload_encodings=tuple(values.get("upload_encodings", "").split()),
        device_class=values.get("device_class", ""),
        revoked="revoked" in values,
    )

"""The client registry in Redis."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pfi_common.errors import ClientUnknownError
from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, fields, store_errors, text
from pfi_coordinator.domain.members import AgentFacts, Client


class RedisClientRegistry:
    """`pfi_coordinator.application.ports.client_registry.ClientRegistry` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def get(self, client: str) -> Client:
        """See ClientRegistry.get."""
        found = await self.find([client])
        if client not in found:
            raise ClientUnknownError(f"there is no client {client}", client=client)
        return found[client]

    async def find(self, clients: list[str]) -> dict[str, Client]:
        """See ClientRegistry.find."""
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for client in clients:
                pipeline.hgetall(keys.client(client))
            found = await pipeline.execute()
        return {
            client: _read(client, columns)
            for client, columns in zip(clients, found, strict=True)
            if b"key_sha256" in columns
        }

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


def _read(client: str, columns: Mapping[bytes, bytes]) -> Client:
    values = {text(name): text(value) for name, value in columns.items()}
    expires = values.get("certificate_expires_at")
    return Client(
        client=client,
        display_name=values["display_name"],
        key_sha256=values["key_sha256"],
        public_key_der=base64.b64decode(values["public_key"]),
        enrolled_at=datetime.fromisoformat(values["enrolled_at"]),
        certificate_expires_at=None if expires is None else datetime.fromisoformat(expires),
        training_rows=int(values.get("training_rows", 0)),
        agent_version=values.get("agent_version", ""),
        upload_encodings=tuple(values.get("upload_encodings", "").split()),
        device_class=values.get("device_class", ""),
        revoked="revoked" in values,
    )

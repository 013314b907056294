"""Lists the clients of the federation."""

from dataclasses import asdict
from typing import Any

from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.domain.members import Client, Session


class ListClients:
    """Lists clients, oldest first."""

    def __init__(self, registry: ClientRegistry, presence: Presence) -> None:
        self._registry = registry
        self._presence = presence

    async def __call__(self) -> list[dict[str, Any]]:
        """Gives every client that ever enrolled."""
        sessions = {session.client: session for session in await self._presence.connected()}
        return [client_view(item, sessions.get(item.client)) for item in await self._registry.all()]


def client_view(client: Client, session: Session | None) -> dict[str, Any]:
    """Gives a client as people read it; the state of its device while it is connected."""
    expires_at = client.certificate_expires_at
    return {
        "client": client.client,
        "display_name": client.display_name,
        "state": "revoked" if client.revoked else "active",
        "connected": session is not None,
        "enrolled_at": client.enrolled_at.isoformat(),
        "certificate_expires_at": None if expires_at is None else expires_at.isoformat(),
        "training_rows": client.training_rows,
        "agent_version": client.agent_version,
        "upload_encodings": list(client.upload_encodings),
        "device_class": client.device_class or None,
        "device": None if session is None else asdict(session.device),
    }

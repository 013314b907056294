"""Routes of join tokens, clients and the federation itself."""

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter, Depends

from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.rest import responses
from pfi_coordinator.entrypoints.rest.requests import RevokeRequest, TokenRequest
from pfi_coordinator.entrypoints.rest.security import requires
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases


def member_routes(use: RestUseCases) -> APIRouter:
    """Makes the routes."""
    router = APIRouter(prefix="/v1", tags=["members"])

    @router.post("/tokens", status_code=201, dependencies=[Depends(requires(Scope.TOKENS_WRITE))])
    async def create_token(body: TokenRequest) -> responses.Token:
        """Makes one-time join tokens; they are shown once."""
        lifetime = timedelta(seconds=body.ttl_seconds)
        issued = await use.create_token(lifetime, body.label, body.count)
        tokens = [token.encode() for token in issued.tokens]
        return responses.Token(
            token=tokens[0], tokens=tokens, expires_at=issued.expires_at.isoformat()
        )

    @router.get("/clients", dependencies=[Depends(requires(Scope.CLIENTS_READ))])
    async def list_clients() -> responses.Clients:
        """Lists clients, oldest first."""
        return responses.Clients.model_validate({"clients": await use.list_clients()})

    @router.post("/clients/{client}/revoke", dependencies=[Depends(requires(Scope.CLIENTS_WRITE))])
    async def revoke_client(client: str, body: RevokeRequest) -> responses.Client:
        """Revokes a client for good: its streams end within 5 seconds."""
        return responses.Client.model_validate(await use.revoke_client(client, body.reason))

    @router.get("/federation", dependencies=[Depends(requires(None))])
    async def show_federation() -> responses.Federation:
        """Says which federation this is and where it is reached."""
        endpoints = responses.FederationEndpoints.model_validate(asdict(use.endpoints))
        return responses.Federation(
            federation=use.federation, version=use.version, endpoints=endpoints
        )

    return router

"""Routes of adapters."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse

from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.rest import responses
from pfi_coordinator.entrypoints.rest.security import requires
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases

_RETRY_SECONDS = 1

_Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="digest of the adapter")]
_Run = Annotated[str | None, Query(description="id or name of a run; all runs without")]


def adapter_routes(use: RestUseCases) -> APIRouter:
    """Makes the routes."""
    router = APIRouter(prefix="/v1/adapters", tags=["adapters"])
    read = [Depends(requires(Scope.ADAPTERS_READ))]

    @router.get("", dependencies=read)
    async def list_adapters(run: _Run = None) -> responses.Adapters:
        """Lists published adapters, the newest run first."""
        return responses.Adapters.model_validate({"adapters": await use.list_adapters(run)})

    @router.get(
        "/{digest}/export",
        dependencies=read,
        response_class=Response,
        responses={
            200: {"content": {"application/zip": {}}, "description": "A PEFT folder."},
            202: {"model": responses.ExportPending, "description": "Being made; ask again."},
        },
    )
    async def export_adapter(digest: _Digest) -> Response:
        """Gives an adapter as a PEFT folder in a zip; a worker makes it first."""
        archive = await use.export_adapter(digest)
        if archive is None:
            pending = responses.ExportPending().model_dump()
            return JSONResponse(pending, 202, {"Retry-After": str(_RETRY_SECONDS)})
        name = f'attachment; filename="adapter-{digest[:12]}.zip"'
        return Response(
            archive, media_type="application/zip", headers={"Content-Disposition": name}
        )

    return router

"""Routes of runs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from pfi_coordinator.application.show_run import MAXIMUM_WAIT_SECONDS
from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.rest import responses
from pfi_coordinator.entrypoints.rest.requests import RunRequest
from pfi_coordinator.entrypoints.rest.routes_lifecycle import add_lifecycle_routes
from pfi_coordinator.entrypoints.rest.security import requires
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases

_AfterRevision = Annotated[
    int, Query(ge=-1, description="answer when the run's revision is above this")
]
_WaitSeconds = Annotated[
    float, Query(ge=0, le=MAXIMUM_WAIT_SECONDS, description="answer after this time anyway")
]


def run_routes(use: RestUseCases) -> APIRouter:
    """Makes the routes. `{run}` is an id or a unique name."""
    router = APIRouter(prefix="/v1/runs", tags=["runs"])
    read = [Depends(requires(Scope.RUNS_READ))]
    write = [Depends(requires(Scope.RUNS_WRITE))]

    @router.post("", status_code=201, dependencies=write)
    async def submit_run(body: RunRequest) -> responses.Run:
        """Checks, stores and starts a run."""
        run = await use.submit_run(body.spec, body.description)
        return responses.Run.model_validate(await use.show_run(run))

    @router.get("", dependencies=read)
    async def list_runs() -> responses.Runs:
        """Lists runs, newest first."""
        return responses.Runs.model_validate({"runs": await use.list_runs()})

    @router.get("/{run}", dependencies=read)
    async def show_run(
        run: str, after_revision: _AfterRevision = -1, wait_seconds: _WaitSeconds = 0.0
    ) -> responses.Run:
        """Shows a run, at once or when it has changed (long poll)."""
        shown = await use.show_run(run, after_revision, wait_seconds)
        return responses.Run.model_validate(shown)

    @router.get("/{run}/clusters", dependencies=read)
    async def show_clusters(run: str) -> responses.Clusters:
        """Shows the clusters of a run, their members, and who is in none."""
        return responses.Clusters.model_validate(await use.show_clusters(run))

    @router.post("/{run}/cancel", dependencies=write)
    async def cancel_run(run: str) -> responses.Run:
        """Cancels a run."""
        cancelled = await use.cancel_run(run)
        return responses.Run.model_validate(await use.show_run(cancelled))

    add_lifecycle_routes(router, use)
    return router

"""Routes by which people steer runs: pause, resume, extend, restart."""

from fastapi import APIRouter, Depends

from pfi_coordinator.application.restart_run import Restart
from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.rest import responses
from pfi_coordinator.entrypoints.rest.requests import (
    ExtendRequest,
    PauseRequest,
    RestartRequest,
)
from pfi_coordinator.entrypoints.rest.security import requires
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases


def add_lifecycle_routes(router: APIRouter, use: RestUseCases) -> None:
    """Adds the routes to those of runs. `{run}` is an id or a unique name."""
    write = [Depends(requires(Scope.RUNS_WRITE))]

    async def shown(run: str) -> responses.Run:
        return responses.Run.model_validate(await use.show_run(run))

    @router.post("/{run}/pause", dependencies=write)
    async def pause_run(run: str, body: PauseRequest | None = None) -> responses.Run:
        """Pauses a run: an open round goes on unless it is to end at once, no other is opened."""
        at_once = body is not None and body.at_once
        return await shown(await use.pause_run(run, at_once=at_once))

    @router.post("/{run}/resume", dependencies=write)
    async def resume_run(run: str) -> responses.Run:
        """Lets a paused run go on."""
        return await shown(await use.resume_run(run))

    @router.post("/{run}/extend", dependencies=write)
    async def extend_run(run: str, body: ExtendRequest) -> responses.Run:
        """Gives a run more rounds; one that has completed goes on from its last version."""
        return await shown(await use.extend_run(run, body.rounds))

    @router.post("/{run}/restart", status_code=201, dependencies=write)
    async def restart_run(run: str, body: RestartRequest) -> responses.Run:
        """Begins a new run whose version 0 is an adapter that this one has published."""
        wanted = Restart(**body.model_dump())
        return await shown(await use.restart_run(run, wanted))

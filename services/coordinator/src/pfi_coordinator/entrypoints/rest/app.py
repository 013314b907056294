"""The FastAPI application."""

from fastapi import FastAPI
from starlette.middleware import Middleware

from pfi_coordinator.entrypoints.rest.body_limit import LimitBody
from pfi_coordinator.entrypoints.rest.problems import PROBLEMS
from pfi_coordinator.entrypoints.rest.responses import Problem
from pfi_coordinator.entrypoints.rest.routes_adapters import adapter_routes
from pfi_coordinator.entrypoints.rest.routes_members import member_routes
from pfi_coordinator.entrypoints.rest.routes_operations import operation_routes
from pfi_coordinator.entrypoints.rest.routes_runs import run_routes
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases


def build_app(use: RestUseCases) -> FastAPI:
    """Makes the application. Its OpenAPI document is at /openapi.json."""
    app = FastAPI(
        title="PFI coordinator",
        version=use.version,
        description="Admin API of a federation: runs, clients, join tokens and adapters.",
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(LimitBody)],
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
    )
    app.state.authorize = use.authorize
    PROBLEMS.handle(app)
    for router in (run_routes(use), member_routes(use), adapter_routes(use), operation_routes(use)):
        app.include_router(router)
    return app

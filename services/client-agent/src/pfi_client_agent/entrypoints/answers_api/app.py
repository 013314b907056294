"""The application: routes, failures, and the guard in front."""

from dataclasses import dataclass

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from pfi_client_agent.application.serving.answers import Answers
from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.application.serving.state import ServingState
from pfi_client_agent.domain.serving import describe
from pfi_client_agent.entrypoints.answers_api.chat_route import ChatRoute, require_model
from pfi_client_agent.entrypoints.answers_api.failures import add_failures
from pfi_client_agent.entrypoints.answers_api.guard import Guard
from pfi_client_agent.entrypoints.answers_api.requests import MODEL
from pfi_common.clock import Clock

_UNAVAILABLE = 503


@dataclass(frozen=True)
class ApiParts:
    """What the API works with.

    Attributes:
        answers: Gives the answers.
        clock: The time.
        observer: Is told of answers.
        token: The bearer token.
        loopback: True when only this device can connect.
    """

    answers: Answers
    clock: Clock
    observer: ServingObserver
    token: str
    loopback: bool = True


def build_app(parts: ApiParts) -> ASGIApp:
    """Put the API together."""
    app = FastAPI(title="PFI answers", openapi_url=None, docs_url=None, redoc_url=None)
    add_failures(app)
    state = parts.answers.state
    started = int(parts.clock.now().timestamp())
    chat = ChatRoute(parts.answers, parts.clock, parts.observer)
    app.add_api_route("/v1/chat/completions", chat.__call__, methods=["POST"], response_model=None)

    @app.get("/v1/models")
    async def list_models() -> Response:
        return JSONResponse({"object": "list", "data": [_model(state, started)]})

    @app.get("/v1/models/{model}")
    async def show_model(model: str) -> Response:
        require_model(model)
        return JSONResponse(_model(state, started))

    @app.get("/healthz")
    async def health() -> Response:
        able = state.current is not None
        return JSONResponse(
            {"status": "ready" if able else "not_ready"}, 200 if able else _UNAVAILABLE
        )

    return Guard(app, token=parts.token, loopback=parts.loopback)


def _model(state: ServingState, created: int) -> dict[str, object]:
    current = state.current
    adapter: dict[str, object] = describe(None if current is None else current.published)
    personal = current is not None and current.personal is not None
    refusal = None if state.refusal is None else state.refusal.document()
    extension = adapter | {"personal": personal, "refused": refusal}
    return {
        "id": MODEL,
        "object": "model",
        "created": created,
        "owned_by": "pfi",
        "pfi": {"ready": current is not None, "adapter": extension},
    }

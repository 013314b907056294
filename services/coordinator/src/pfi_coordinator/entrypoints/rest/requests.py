"""Bodies that the API takes. Unknown fields are refused."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pfi_coordinator.application.create_token import MAXIMUM_TOKENS
from pfi_coordinator.domain.state import GLOBAL


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenRequest(_Body):
    """Join tokens to make."""

    count: Annotated[int, Field(ge=1, le=MAXIMUM_TOKENS)] = 1
    """How many, each good for one client"""
    ttl_seconds: Annotated[float, Field(gt=0, le=90 * 86_400)] = 3600.0
    """How long the token may be used"""
    label: Annotated[str, Field(max_length=64)] = ""
    """Name for people: A-Z a-z 0-9 . _ - and space"""


class RevokeRequest(_Body):
    """Why a client is revoked."""

    reason: Annotated[str, Field(min_length=1, max_length=200)] = "revoked by an operator"
    """Reason for people; kept beside the revocation"""


class PauseRequest(_Body):
    """How a run is paused."""

    at_once: bool = False
    """Whether an open round is broken off: its updates are void, and its clients are told"""


class ExtendRequest(_Body):
    """How long a run is to be."""

    rounds: Annotated[int, Field(ge=1, le=100_000)]
    """Rounds to publish in all, not fewer than the run has already"""


class RestartRequest(_Body):
    """A run that begins with an adapter of another run."""

    name: str
    """Name of the new run"""
    line: str = GLOBAL
    """Line of the adapter"""
    version: Annotated[int, Field(ge=0)] | None = None
    """Version of that line; the newest unless given"""
    rounds: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Rounds to publish; as many as the other run's specification says unless given"""
    spec: dict[str, Any] | None = None
    """Another run specification; its name is replaced"""
    description: dict[str, Any] | None = None
    """What `pfi-agent describe` said of that specification; the other run's unless given"""


class RunRequest(_Body):
    """A run to submit."""

    spec: dict[str, Any]
    """The run specification, as in its YAML file"""
    description: dict[str, Any]
    """What `pfi-agent describe` said of the specification"""

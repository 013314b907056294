"""Settings of the retrieval service; the environment is read here alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from pfi_common.errors import SettingsInvalidError
from pfi_common.settings import ServiceSettings

_PORT = r"([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ADDRESS = rf"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):{_PORT}$"


def _home() -> Path:
    return Path.home() / ".local" / "share" / "pfi-rag"


class RagSettings(ServiceSettings):
    """What `pfi-rag` needs to know; options of the command line come before them."""

    model_config = SettingsConfigDict(env_prefix="PFI_RAG_")

    state: Path = Field(
        default_factory=_home,
        description="folder with identity/, indexes/ and endpoints.json; one process serves it",
    )
    models: Path = Field(
        default_factory=lambda: _home() / "models",
        description="folder of embedding models (`pfi-rag model install`)",
    )
    federation_authority: Path | None = Field(
        default=None,
        description="certificate (PEM) of the federation's authority, which callers are verified"
        " against; authority.pem in the state folder unless set",
    )
    address: str = Field(
        default="127.0.0.1:0",
        pattern=_ADDRESS,
        description="host:port of gRPC; port 0 takes a free one",
    )
    rest_address: str = Field(
        default="127.0.0.1:0",
        pattern=rf"{_ADDRESS}|^$",
        description="host:port of the REST API; port 0 takes a free one, empty for none",
    )
    store: Literal["edge", "server"] = Field(
        default="edge",
        description="edge keeps each index in a folder of its own; server uses a Qdrant server",
    )
    server_url: str = Field(
        default="http://127.0.0.1:6333",
        description="https://host:port of the Qdrant server; http:// on this machine alone",
    )
    server_api_key: SecretStr | None = Field(
        default=None, description="API key of the Qdrant server"
    )
    server_authority: Path | None = Field(
        default=None,
        description="certificates (PEM) that the Qdrant server is verified against; those that the"
        " machine trusts unless set",
    )
    server_collection: str = Field(
        default="pfi-passages",
        pattern=r"^[A-Za-z0-9_-]{1,200}$",
        description="collection of the Qdrant server, with one tenant for each owner",
    )
    maximum_document_bytes: int = Field(
        default=8 << 20, ge=1, le=256 << 20, description="largest document that is taken, in bytes"
    )
    open_indexes: int = Field(
        default=64,
        ge=1,
        le=4096,
        description="how many indexes stay open when nobody uses them",
    )
    drain_seconds: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="how many seconds running calls have to end after SIGTERM, 0 to 600",
    )
    log_level: Literal["INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="lowest level of JSON logs: INFO, WARNING or ERROR"
    )


def with_options(settings: RagSettings, options: Mapping[str, Any]) -> RagSettings:
    """Gives the settings with some replaced, under the same rules.

    Args:
        settings: Read from the environment.
        options: New values by the name of the setting; None keeps the old one.

    Raises:
        SettingsInvalidError: A value breaks a rule.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return RagSettings.model_validate(settings.model_dump() | given)
    except ValidationError as error:
        wrong = [
            f"--{str(problem['loc'][0]).replace('_', '-')}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_context=False)
        ]
        raise SettingsInvalidError("\n".join(wrong)) from None

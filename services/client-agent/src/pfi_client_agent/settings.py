"""Settings of the agent from the environment; options of the command line come before them."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from pfi_common.settings import ServiceSettings


def default_state_folder() -> Path:
    """Give the folder of an agent that is not told another one."""
    return Path.home() / ".local" / "share" / "pfi-agent"


class AgentSettings(ServiceSettings):
    """Settings of `pfi-agent`."""

    model_config = SettingsConfigDict(env_prefix="PFI_AGENT_")

    state: Path = Field(
        default_factory=default_state_folder,
        description="folder of identity, caches and personal adapters; one agent process uses it",
    )
    log_level: Literal["INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="lowest level of JSON logs: INFO, WARNING or ERROR"
    )
    serving_poll_seconds: float = Field(
        default=5.0,
        gt=0,
        description="how often an agent that answers asks for a newer adapter, in seconds",
    )
    serving_queue: int = Field(
        default=8,
        ge=1,
        description="so many requests may wait for an answer; further ones are refused",
    )

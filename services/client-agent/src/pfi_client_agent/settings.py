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
    metered: bool | None = Field(
        default=None,
        description="whether the network costs by volume (`--metered`, `--unmetered`); unset: it is"
        " not known, and runs that ask for an unmetered network pass this device over",
    )
    idle_below: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="share of the processors that other programs may use on a device that counts as"
        " idle, above 0 and at most 1",
    )
    device_look_seconds: float = Field(
        default=10.0,
        ge=0.1,
        le=3600,
        description="how often the agent looks whether the state of the device has changed, in"
        " seconds, 0.1 to 3600",
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

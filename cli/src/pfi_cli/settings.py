"""The one place of the command line that reads the environment."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from pfi_common.settings import ServiceSettings, load_settings


class CliSettings(ServiceSettings):
    """What the options of the same name take when they are absent."""

    model_config = SettingsConfigDict(env_prefix="PFI_")

    state: Path = Field(Path(".pfi"), description="the folder of a local federation")
    url: str | None = Field(None, description="the admin API of a federation, https://host:port")
    authority: Path | None = Field(None, description="the PEM file of the federation's authority")
    api_key_file: Path | None = Field(None, description="a file that holds an API key")


def read_settings() -> CliSettings:
    """Reads the settings.

    Raises:
        SettingsInvalidError: A variable is unknown or has a value that it cannot have.
    """
    return load_settings(CliSettings)


def inherited_environment() -> dict[str, str]:
    """The environment for processes that are started here, without settings of any program."""
    inherited = os.environ.items()  # noqa: TID251 - this is the settings module
    own = {name: value for name, value in inherited if not name.startswith("PFI_")}
    # The C core of gRPC would write lines that are no JSON into the logs.
    return {"GRPC_VERBOSITY": "ERROR", **own}

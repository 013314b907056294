"""Settings from environment variables, with errors that say what to write instead.

The environment is read in settings modules alone: this one, and each service's `settings.py` with
its subclass.
"""

import os
import re
from collections.abc import Iterator
from typing import TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pfi_common.errors import SettingsInvalidError

PREFIXES = ("PFI_COORDINATOR_", "PFI_AGGREGATOR_", "PFI_AGENT_", "PFI_RAG_", "PFI_")
"""Prefixes of all programs; the last one, of the command line, contains the others."""

DIRECT_WAITING = {"GRPC_EXPERIMENTS": "-event_engine_listener,-event_engine_client"}
"""Variables under which the thread of gRPC that waits for calls reads their bytes itself.

By default a pool of threads (gRPC's event engine) reads them, and then wakes the thread that waits:
one more thread to wake for each message, and each has to find a processor free. A gRPC without
these experiments ignores their names and reads as it does by default.
"""

_SERVICE_LINK = re.compile(r"(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")
"""What Kubernetes and Docker add for a service that is called like a prefix."""

S = TypeVar("S", bound="ServiceSettings")


class _Environment(EnvSettingsSource):
    def decode_complex_value(self, field_name: str, field: FieldInfo, value: str) -> object:
        """Reads JSON; text that is none goes on to validation, which names the variable."""
        try:
            decoded: object = super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value
        return decoded


class ServiceSettings(BaseSettings):
    """Settings of one process: frozen, read once at start, from environment variables alone.

    A subclass sets `env_prefix` in its `model_config` and gives every field a description: the
    description is what `load_settings` tells people who set the variable wrong.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Reads the environment only: no `.env` file that happens to lie in the current folder."""
        return init_settings, _Environment(settings_cls)


def load_settings(cls: type[S]) -> S:
    """Reads the settings of a program from the environment.

    Raises:
        SettingsInvalidError: Names each variable that is missing, invalid or unknown, and what it
            should be.
    """
    complaints = list(_unknown_variables(cls))
    try:
        settings = cls()
    except ValidationError as error:
        complaints += _describe(cls, error)
    if complaints:
        raise SettingsInvalidError("\n".join(complaints))
    return settings


def _prefix(cls: type[ServiceSettings]) -> str:
    return cls.model_config.get("env_prefix", "")


def _unknown_variables(cls: type[ServiceSettings]) -> Iterator[str]:
    """Finds variables with the program's prefix that no field reads, such as misspelt ones."""
    prefix = _prefix(cls)
    others = tuple(other for other in PREFIXES if len(other) > len(prefix))
    known = sorted(prefix + name.upper() for name in cls.model_fields)
    for name in sorted(variable.upper() for variable in EnvSettingsSource(cls).env_vars):
        mine = name.startswith(prefix) and not name.startswith(others)
        if mine and name not in known and not _SERVICE_LINK.fullmatch(name.removeprefix(prefix)):
            yield f"{name}: there is no such setting; there are {', '.join(known)}"


def _describe(cls: type[ServiceSettings], error: ValidationError) -> Iterator[str]:
    """Says per variable what is wrong and what it should be; never repeats its value."""
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        fault = "is not set" if problem["type"] == "missing" else problem["msg"]
        yield f"{_variable(cls, problem['loc'])}: {fault}{_wanted(cls, problem['loc'])}"


def _variable(cls: type[ServiceSettings], location: tuple[int | str, ...]) -> str:
    if not location:
        return "the settings together"
    return _prefix(cls) + ".".join([str(location[0]).upper(), *map(str, location[1:])])


def _wanted(cls: type[ServiceSettings], location: tuple[int | str, ...]) -> str:
    field = cls.model_fields.get(str(location[0])) if location else None
    return f"; it should be: {field.description}" if field and field.description else ""


def wait_directly() -> None:
    """Has gRPC wait directly, unless the environment says how; call it before gRPC is imported."""
    for name, value in DIRECT_WAITING.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - this is the settings module

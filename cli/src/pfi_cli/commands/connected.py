"""Options that name a federation, added to every command that talks to one."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import find_connection
from pfi_cli.settings import CliSettings, read_settings

P = ParamSpec("P")

StateOption = Annotated[
    Path | None,
    typer.Option(
        help="State folder of a local federation. Default: PFI_STATE, else .pfi", show_default=False
    ),
]
_PANEL = "Which federation"
_OPTIONS: dict[str, Any] = {
    "state": Annotated[
        Path | None,
        typer.Option(
            help="State folder of a local federation (PFI_STATE; .pfi)", rich_help_panel=_PANEL
        ),
    ],
    "url": Annotated[
        str | None,
        typer.Option(
            help="Admin API of a remote federation, https://host:port (PFI_URL)",
            rich_help_panel=_PANEL,
        ),
    ],
    "authority": Annotated[
        Path | None,
        typer.Option(
            help="PEM file of its certificate authority (PFI_AUTHORITY)", rich_help_panel=_PANEL
        ),
    ],
    "api_key_file": Annotated[
        Path | None,
        typer.Option(help="File with an API key for it (PFI_API_KEY_FILE)", rich_help_panel=_PANEL),
    ],
}


def settings_with(**options: Any) -> CliSettings:  # noqa: ANN401 - as many types as options
    """The settings, with the options that were given in place of theirs."""
    given = {name: value for name, value in options.items() if value is not None}
    if "state" in given and "url" not in given:
        given["url"] = None  # a folder on the command line wins over a URL in the environment
    return read_settings().model_copy(update=given)


def connected(command: Callable[Concatenate[ApiClient, P], None]) -> Callable[P, None]:
    """Gives a command an `ApiClient` in place of its first parameter, and the options for it."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in _OPTIONS.items()
    ]

    def run(**arguments: Any) -> None:  # noqa: ANN401 - the arguments of any command
        options = {name: arguments.pop(name) for name in _OPTIONS}
        with ApiClient(find_connection(settings_with(**options))) as api:
            command(api, **arguments)  # type: ignore[call-arg]  # typer passes all by name

    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    by_name = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    run.__signature__ = inspect.Signature([*by_name, *added])  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]

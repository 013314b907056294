"""Options that several commands share, and how their text is read."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.settings import AgentSettings
from pfi_common.errors import TokenInvalidError
from pfi_common.settings import load_settings

StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="Folder of identity, caches and personal adapters. Default: PFI_AGENT_STATE, or "
        "~/.local/share/pfi-agent.",
        show_default=False,
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="Join token from `pfi token create`, or @FILE to read it from a file, which keeps it "
        "out of the list of processes.",
        show_default=False,
    ),
]
NameOption = Annotated[
    str, typer.Option("--name", help="Name for people, shown in lists.", show_default=False)
]
BackboneOption = Annotated[
    Path | None,
    typer.Option(
        "--backbone",
        help="Folder to use for the backbone, whatever the run calls it; its digest decides "
        "whether it is the right one.",
        show_default=False,
    ),
]


def state_folder(chosen: Path | None) -> StateFolder:
    """Give the state folder: the option, the setting, or the default."""
    return StateFolder(chosen or load_settings(AgentSettings).state)


def read_token(text: str) -> str:
    """Give the token itself, from the file that the option names if it starts with `@`.

    Raises:
        TokenInvalidError: The file cannot be read.
    """
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenInvalidError(f"the file {text[1:]} cannot be read") from error


def parse_share(given: str | Fraction) -> Fraction:
    """Read a share such as `10%` or `0.1`; typer hands the default over as it is.

    Raises:
        typer.BadParameter: It is not a number from 0 to 1.
    """
    if isinstance(given, Fraction):
        return given
    number = given.strip()
    try:
        share = Fraction(number.removesuffix("%").strip()) / (100 if number.endswith("%") else 1)
    except (ValueError, ZeroDivisionError) as error:
        raise typer.BadParameter("write a share such as 10% or 0.1") from error
    if not 0 <= share <= 1:
        raise typer.BadParameter("a share lies between 0% and 100%")
    return share

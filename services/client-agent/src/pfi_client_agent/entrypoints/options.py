"""Options that several commands share, and how their text is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.domain.columns import Columns, ColumnsInvalidError, parse_columns
from pfi_client_agent.domain.device_class import (
    DeviceClassInvalidError,
    parse_device_class,
    parse_device_classes,
)
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.domain.upload_encodings import (
    UPLOAD_ENCODINGS,
    UploadEncodingsInvalidError,
    parse_upload_encodings,
)
from pfi_client_agent.settings import AgentSettings
from pfi_common.errors import TokenInvalidError
from pfi_common.settings import load_settings


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


class SplitBy(StrEnum):
    """How one text becomes the data of several clients."""

    SPEAKER = "speaker"


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
TrainingThreadsOption = Annotated[
    int,
    typer.Option("--threads", min=1, help="Threads of training; 1 makes it repeatable bit by bit."),
]
HeldOutRowsOption = Annotated[
    int,
    typer.Option("--held-out-rows", min=1, help="Most held-out rows that one evaluation looks at."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonLogsOption = Annotated[
    bool, typer.Option("--json-logs", help="JSON logs on stderr, also at a terminal.")
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="FIELD=COLUMN,...",
        help="Columns or keys that hold what rows are made of, such as text=body,label=category.",
        show_default=False,
    ),
]
SplitByOption = Annotated[
    SplitBy | None,
    typer.Option(
        "--split-by",
        help="Part plain text into what different people say; this device takes --speaker.",
        show_default=False,
    ),
]
SpeakerOption = Annotated[
    str | None,
    typer.Option(
        "--speaker",
        help="Whose `NAME:` blocks of a plain text to read; `pfi-agent data speakers` lists them.",
        show_default=False,
    ),
]
BadRowLimitOption = Annotated[
    Fraction,
    typer.Option(
        "--bad-row-limit",
        parser=parse_share,
        metavar="SHARE",
        help="Highest share of unusable rows that is accepted, such as 10% or 0.1.",
    ),
]


UploadEncodingsOption = Annotated[
    str | None,
    typer.Option(
        "--upload-encodings",
        metavar="NAME,...",
        help="Encodings of updates that are offered to the federation, for instance bf16,fp32 for "
        "a device that is to lose next to nothing. Default: all.",
        show_default=False,
    ),
]


DeviceClassOption = Annotated[
    str | None,
    typer.Option(
        "--device-class",
        metavar="NAME",
        help="Class of this device, for instance phone: a run may give classes ranks of their own "
        "(`adapter.rank_for`).",
        show_default=False,
    ),
]


MeteredOption = Annotated[
    bool | None,
    typer.Option(
        "--metered/--unmetered",
        help="Whether this device's network costs by volume: a run may pass such devices over "
        "(`cohort.eligible.unmetered`). Default: PFI_AGENT_METERED, else it is not known.",
        show_default=False,
    ),
]


def device_class_of(given: str | None) -> str:
    """Read this device's class; empty for none.

    Raises:
        typer.BadParameter: It is no name.
    """
    with _bad_device_class():
        return "" if given is None else parse_device_class(given)


def device_classes(given: str | None) -> tuple[str, ...]:
    """Read the classes that the clients of a fleet have in turn; one without a name if none.

    Raises:
        typer.BadParameter: One is no name.
    """
    with _bad_device_class():
        return ("",) if given is None else parse_device_classes(given)


@contextmanager
def _bad_device_class() -> Iterator[None]:
    try:
        yield
    except DeviceClassInvalidError as error:
        raise typer.BadParameter(f"--device-class: {error}") from error


def offered_encodings(given: str | None) -> tuple[str, ...]:
    """Read which encodings are offered; all of them unless told otherwise.

    Raises:
        typer.BadParameter: A name is unknown, or there is none.
    """
    try:
        return UPLOAD_ENCODINGS if given is None else parse_upload_encodings(given)
    except UploadEncodingsInvalidError as error:
        raise typer.BadParameter(f"--upload-encodings: {error}") from error


def parse_reading(columns: str | None, split_by: SplitBy | None, speaker: str | None) -> Reading:
    """Put together how the data is read.

    Raises:
        typer.BadParameter: The columns cannot be read, or a speaker is missing.
    """
    if split_by is not None and speaker is None:
        raise typer.BadParameter(
            "--split-by speaker needs --speaker NAME; `pfi-agent data speakers FILE` lists them"
        )
    try:
        return Reading(Columns() if columns is None else parse_columns(columns), speaker)
    except ColumnsInvalidError as error:
        raise typer.BadParameter(f"--columns: {error}") from error


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

"""`pfi-agent data`: looks at data before anything is done with it."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.adapters.text_files import read_text
from pfi_client_agent.domain.speakers import speakers as speeches_by_speaker
from pfi_client_agent.entrypoints.data_report import data_document, data_table
from pfi_client_agent.entrypoints.options import (
    BackboneOption,
    BadRowLimitOption,
    ColumnsOption,
    JsonOption,
    SpeakerOption,
    SplitByOption,
    parse_reading,
)
from pfi_common.errors import DataUnreadableError

data_app = typer.Typer(
    help="Look at data before enrolling: nothing is sent, and no federation is needed.",
    no_args_is_help=True,
)


@data_app.command()
def check(  # noqa: PLR0913, PLR0917 - one parameter per option
    source: Annotated[
        str, typer.Argument(help="What `--data` would name: a file, a folder, or datasets:NAME.")
    ],
    columns: ColumnsOption = None,
    split_by: SplitByOption = None,
    speaker: SpeakerOption = None,
    bad_row_limit: BadRowLimitOption = Fraction(1, 10),
    backbone: BackboneOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what an agent would read: rows by kind and label, bad rows with reasons, duplicates.

    With a backbone's folder, tokens are counted too. Ends with exit code 6 where an agent would
    refuse to start.

        pfi-agent data check notes/

        pfi-agent data check mails.parquet --columns text=body,label=category

        pfi-agent data check datasets:imdb:train --backbone ./qwen2.5-0.5b
    """
    console = Console()
    with Console(stderr=True).status(f"Reading {source}", spinner="line"):
        data = read_data(source, parse_reading(columns, split_by, speaker))
        tokens = None
        if backbone is not None:
            from pfi_client_agent.adapters.learning.token_counts import count_tokens

            tokens = count_tokens(backbone, data.rows.values())
    if as_json:
        typer.echo(json.dumps(data_document(data, tokens), indent=1))
    else:
        console.print(data_table(data, tokens))
    data.require_usable(bad_row_limit)


@data_app.command()
def speakers(
    file: Annotated[Path, typer.Argument(help="A plain text with `NAME:` blocks.")],
    as_json: JsonOption = False,
) -> None:
    """List who speaks in a plain text, with the number of rows of each.

    A block that begins with a line `NAME:` is a speech; blank lines part blocks.

        pfi-agent data speakers play.txt

        pfi-agent start --data play.txt --split-by speaker --speaker ROMEO
    """
    counts = {name: len(rows) for name, rows in _speeches(file).items()}
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    if as_json:
        typer.echo(json.dumps(ordered, indent=1, ensure_ascii=False))
        return
    table = Table("speaker", "rows", title=f"{len(ordered)} speakers in {file}")
    for name, count in ordered.items():
        table.add_row(name, str(count))
    Console().print(table, markup=False)


def _speeches(file: Path) -> dict[str, list[str]]:
    try:
        found = speeches_by_speaker(read_text(file))
    except OSError as error:
        raise DataUnreadableError(f"{file} cannot be read: {error.strerror or error}.") from error
    if not found:
        raise DataUnreadableError(f"{file} has no block that begins with a line `NAME:`.")
    return found

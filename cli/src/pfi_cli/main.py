"""The `pfi` command."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pfi_cli.commands import adapter, client, demo, doctor, report, run, token, up
from pfi_cli.exit_codes import EXPLANATION, exit_code_of
from pfi_cli.output.console import print_error, stdout
from pfi_common.errors import PlatformError

HELP = f"""Personalised federated intelligence: many clients adapt one model, no data is shared.

Start here: `pfi demo` trains a whole federation on this machine. `pfi up` runs one that stays.

{EXPLANATION}"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(up.up)
app.command()(up.down)
app.command()(doctor.doctor)
app.add_typer(run.app, name="run")
app.add_typer(client.app, name="client")
app.add_typer(token.app, name="token")
app.add_typer(adapter.app, name="adapter")
app.command()(report.report)


def _print_version(wanted: bool) -> None:
    if wanted:
        stdout().print(version("pfi-cli"))
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs the command line; the exit status is one of `ExitCode`."""
    try:
        app()
    except PlatformError as error:
        print_error(error)
        sys.exit(exit_code_of(error))


if __name__ == "__main__":
    main()

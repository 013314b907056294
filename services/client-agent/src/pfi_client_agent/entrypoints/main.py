"""The `pfi-agent` command."""

import sys

import typer
from rich.console import Console

from pfi_client_agent.domain.exit_codes import exit_code_for
from pfi_client_agent.domain.next_steps import next_step_for
from pfi_client_agent.entrypoints.api_token import api_token
from pfi_client_agent.entrypoints.chat import chat
from pfi_client_agent.entrypoints.data import data_app
from pfi_client_agent.entrypoints.describe import describe
from pfi_client_agent.entrypoints.device import device
from pfi_client_agent.entrypoints.documents import documents_app
from pfi_client_agent.entrypoints.enrol import enrol
from pfi_client_agent.entrypoints.fleet import fleet
from pfi_client_agent.entrypoints.serve import serve
from pfi_client_agent.entrypoints.start import start
from pfi_client_agent.entrypoints.status import status
from pfi_common.errors import PlatformError

_EPILOG = """
A device joins with `enrol`, works with `start`, answers with `chat` and `serve`, and is looked at
with `status`. Exit codes:
0 done or stopped, 1 failed (try again), 2 wrong command line, setting or specification,
3 revoked, 4 another agent uses this identity, 5 token or identity not accepted, 6 data unusable,
7 backbone unusable, 8 another agent process uses the state folder.
"""

app = typer.Typer(
    name="pfi-agent",
    help="Trains, evaluates and personalises language model adapters on this device, for a "
    "federation that never sees the data.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for command in (api_token, chat, describe, device, enrol, fleet, serve, start, status):
    app.command()(command)
app.add_typer(data_app, name="data")
app.add_typer(documents_app, name="documents")


def main() -> None:
    """Run the command line; failures that have a reason are explained in words."""
    try:
        app()
    except PlatformError as error:
        console = Console(stderr=True)
        console.print(f"{error.reason}: {error.message}", style="red", markup=False, soft_wrap=True)
        console.print(f"Next step: {next_step_for(error)}", markup=False, soft_wrap=True)
        sys.exit(exit_code_for(error))

"""`pfi demo`: a whole federation trains in front of you."""

from pathlib import Path
from typing import Annotated

import typer

from pfi_cli.demo.driver.options import DEFAULT_CLIENTS, DemoOptions, client_count
from pfi_cli.local.state_folder import make_state_folder

DEFAULT_STATE = Path(".pfi/demo")


def demo(
    clients: Annotated[
        int | None, typer.Option(min=1, help=f"How many client agents. Default: {DEFAULT_CLIENTS}")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How many rounds.")] = 4,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Your own rows (.jsonl or .txt): once to split a file among all clients, or once "
            "for each client."
        ),
    ] = None,
    state: Annotated[
        Path, typer.Option(help="Folder for everything; an earlier demo in it is deleted.")
    ] = DEFAULT_STATE,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep it running after the report, until Ctrl-C.")
    ] = False,
) -> None:
    """Train a whole federation on this machine: real processes, real Redis, mutual TLS.

    Enrols client agents whose data differ, trains a shared and personal adapters for some rounds,
    evaluates on held-out rows, asks each client private questions without and with an index of
    its own documents, and writes a report with plots. Nothing keeps running afterwards.

    Examples:
    * `pfi demo`

    * `pfi demo --clients 2 --rounds 2 --data notes.jsonl`
    """
    from pfi_cli.demo.driver.flow import run_demo

    make_state_folder(state)
    files = tuple(data or ())
    run_demo(DemoOptions(client_count(clients, files), rounds, files, state, keep))

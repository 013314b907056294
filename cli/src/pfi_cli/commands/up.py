"""`pfi up` and `pfi down`: a federation on this machine that keeps running."""

import time
from typing import Annotated

import typer
from rich.markup import escape
from rich.status import Status

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.commands.connected import StateOption, settings_with
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import typed_name
from pfi_cli.local.scale import MOST, Scale
from pfi_cli.local.supervisor import run_detached, run_in_foreground, stop_supervised
from pfi_cli.output.console import say, stderr, stdout
from pfi_common.counting import counted
from pfi_common.errors import PlatformError

STATUS_SECONDS = 2.0


def up(  # noqa: PLR0913 - one parameter for each option
    state: StateOption = None,
    name: Annotated[str, typer.Option(help="Name of a new federation.")] = "local",
    *,
    aggregators: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST, help="Aggregators, each with a spool of its own; as before unless set."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=MOST, help="Workers of heavy rules; as before unless set."),
    ] = None,
    coordinators: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST,
            help="Replicas of the coordinator, of which one leads; as before unless set.",
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when it runs; `pfi down` stops it.")
    ] = False,
    accept_empty_store: Annotated[
        bool,
        typer.Option(
            "--accept-empty-store",
            help="Begin with an empty registry after Redis was lost and cannot be restored.",
        ),
    ] = False,
) -> None:
    """Run a federation on this machine: coordinator, aggregators, workers and Redis over mTLS.

    Its state lies in one folder and survives restarts; a process that crashes is started again.

    Examples:
    * `pfi up` runs in the foreground until Ctrl-C

    * `pfi up --detach --state /srv/pfi` returns; `pfi down --state /srv/pfi` stops it

    * `pfi up --aggregators 3 --workers 2` spreads rounds over three spools

    * `pfi up --coordinators 3` goes on when one coordinator is gone
    """
    layout = StateLayout(settings_with(state=state).state)
    if detach:
        options = ["--accept-empty-store"] if accept_empty_store else []
        sizes = {
            "--aggregators": aggregators,
            "--workers": workers,
            "--coordinators": coordinators,
        }
        for option, number in sizes.items():
            options += [] if number is None else [option, str(number)]
        run_detached(layout, name, options)
        _print_next_steps(layout)
        return
    federation = LocalFederation(
        layout,
        name=name,
        accept_empty_store=accept_empty_store,
        scale=_scale(layout, aggregators, workers, coordinators),
        say=say,
    )
    with stderr().status("starting") as status:
        line = _StatusLine(layout, status)
        run_in_foreground(federation, lambda: _print_next_steps(layout), line.refresh)
    say("stopped")


def down(state: StateOption = None) -> None:
    """Stop the federation of a state folder; its state stays.

    Example: `pfi down --state /srv/pfi`
    """
    layout = StateLayout(settings_with(state=state).state)
    stopped = stop_supervised(layout, say)
    say("stopped" if stopped else f"nothing runs in {layout.root}")


def _scale(
    layout: StateLayout, aggregators: int | None, workers: int | None, coordinators: int | None
) -> Scale:
    """What is asked for, and of the rest what there was."""
    found = read_federation(layout)
    before = Scale() if found is None else found.scale
    return Scale(
        aggregators or before.aggregators,
        workers or before.workers,
        coordinators or before.coordinators,
    )


class _StatusLine:
    """One line that says how the federation is, refreshed every few seconds."""

    def __init__(self, layout: StateLayout, status: Status) -> None:
        self._layout = layout
        self._status = status
        self._next = 0.0

    def refresh(self) -> None:
        """Asks the federation and shows the answer, when it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + STATUS_SECONDS
        self._status.update(escape(self._describe()))

    def _describe(self) -> str:
        try:
            with ApiClient(local_connection(self._layout)) as api:
                clients, runs = api.clients(), api.runs()
        except PlatformError as error:
            return f"not answering: {error.message}"
        online = sum(client.connected for client in clients)
        active = sum(not run.ended for run in runs)
        known = counted(len(clients), "client")
        return f"running: {online} of {known} connected, {counted(active, 'run')} active"


def _print_next_steps(layout: StateLayout) -> None:
    chosen = "" if str(layout.root) == ".pfi" else f" --state {layout.root}"
    admin = local_connection(layout).url
    console = stdout()
    console.print(f"The federation runs; admin API {admin}, state {layout.root}", soft_wrap=True)
    console.print("Next:")
    for command in (
        f"{typed_name('pfi')} token create{chosen}",
        f"{typed_name('pfi-agent')} start --token TOKEN --state AGENT_FOLDER --data notes.jsonl",
        f"{typed_name('pfi')} run submit spec.yaml --watch{chosen}",
    ):
        console.print(f"  [bold]{escape(command)}[/]", soft_wrap=True)

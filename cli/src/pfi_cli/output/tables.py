"""Lists as tables."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pfi_cli.api.records import Adapter, Client
from pfi_cli.api.runs import RunSummary

_WIDEST = 1000
_STATE_STYLES = {
    "active": "green",
    "completed": "green",
    "running": "cyan",
    "evaluating": "cyan",
    "failed": "red",
    "revoked": "red",
    "cancelled": "yellow",
    "pausing": "yellow",
    "paused": "yellow",
}


def state_text(state: str) -> str:
    """A state in its colour."""
    style = _STATE_STYLES.get(state)
    return f"[{style}]{escape(state)}[/]" if style else escape(state)


def client_table(clients: Sequence[Client]) -> Table:
    """Clients, one per line; with the class of their devices where one has any."""
    classes = any(client.device_class for client in clients)
    table = _table("client", "name", "state", "connected", "rows",
                   *(["device class"] if classes else []), "enrolled",
                   "certificate until")  # fmt: skip
    for client in clients:
        table.add_row(
            client.client,
            escape(client.display_name),
            state_text(client.state),
            "yes" if client.connected else "no",
            "" if client.training_rows is None else str(client.training_rows),
            *([client.device_class or ""] if classes else []),
            _time(client.enrolled_at),
            _time(client.certificate_expires_at),
        )
    return table


def run_table(runs: Sequence[RunSummary]) -> Table:
    """Runs, one per line."""
    table = _table("run", "name", "state", "created", "ended")
    for run in runs:
        table.add_row(
            run.run,
            escape(run.name),
            state_text(run.state),
            _time(run.created_at),
            _time(run.ended_at),
        )
    return table


def adapter_table(adapters: Sequence[Adapter]) -> Table:
    """Adapters, one per line; `cut` is what a cut to the schema's rank took of their energy."""
    cut = any(adapter.discarded_energy for adapter in adapters)
    table = _table("run", "line", "version", "digest", "published", *(["cut"] if cut else []))
    for adapter in adapters:
        table.add_row(
            adapter.run,
            adapter.line,
            str(adapter.version),
            adapter.digest,
            _time(adapter.published_at),
            *([f"{adapter.discarded_energy:.2%}"] if cut else []),
        )
    return table


def print_table(table: Table) -> None:
    """Prints a list with whole cells, so that ids can be copied; the terminal wraps lines."""
    Console(width=_WIDEST, highlight=False).print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"

"""A run as a picture for the terminal: a bar per round, a line per client, totals."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pfi_cli.api.runs import Run
from pfi_cli.output.client_measures import client_measures
from pfi_cli.output.client_metrics import (
    client_names,
    device_classes,
    last_metric,
    line_of,
    metric_history,
)
from pfi_cli.output.clusters import partition_text
from pfi_cli.output.moments import with_short_moments
from pfi_cli.output.run_rounds import rounds_grid
from pfi_cli.output.tables import state_text
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, loss_text, seconds_text
from pfi_common.clock import SystemClock


def run_view(run: Run, elapsed_seconds: float) -> RenderableType:
    """Draws a run as it is now."""
    return Group(
        Text.from_markup(f"[bold]{escape(run.name)}[/] {run.run}  {state_text(run.state)}"),
        *_partition(run),
        rounds_grid(run),
        client_losses(run),
        *client_measures(run),
        _totals(run, elapsed_seconds),
        *_waiting(run),
    )


def client_losses(run: Run) -> Table:
    """Loss per client on its held-out rows: before, during and after, as far as it is known."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("client")
    for heading in ("before", "shared, now", "+ personal, now"):
        table.add_column(heading, justify="right")
    classes = device_classes(run)
    for heading in (*(["line"] if run.lines else []), *(["device class"] if classes else [])):
        table.add_column(heading)
    for client, name in client_names(run).items():
        history = metric_history(run, client)
        table.add_row(
            escape(name),
            loss_text(_loss_before(run, client)),
            loss_text(last_metric(history, "eval_loss_shared")),
            loss_text(last_metric(history, "eval_loss_personal")),
            *([line_of(run, client)] if run.lines else []),
            *([classes.get(client, "")] if classes else []),
        )
    return table


def _partition(run: Run) -> Iterator[Text]:
    """How the clients were grouped, and which groups failed."""
    if run.partition is not None:
        yield Text(partition_text(run.partition), style="dim")
    for each in run.lines:
        if each.error is not None:
            yield Text(f"{each.line} failed: {each.error.get('detail', '')}", style="red")


def _totals(run: Run, elapsed_seconds: float) -> Text:
    traffic = Traffic.of_run(run)
    return Text(
        f"up {bytes_text(traffic.up_bytes)}  down {bytes_text(traffic.down_bytes)}  "
        f"elapsed {seconds_text(elapsed_seconds)}",
        style="dim",
    )


def _waiting(run: Run) -> Iterator[Text]:
    if run.why is not None and run.why.waiting_for and not run.ended:
        told = with_short_moments(run.why.waiting_for, SystemClock().now())
        yield Text(f"waiting for {told}", style="dim")
    if run.error is not None:
        yield Text(f"failed: {run.error.get('detail', run.error.get('title', ''))}", style="red")


def _loss_before(run: Run, client: str) -> float | None:
    """Loss with the backbone alone, or with version 0 of the adapter, which changes nothing."""
    backbone = last_metric(metric_history(run, client), "eval_loss_backbone")
    if backbone is not None or not run.rounds:
        return backbone
    first = [dict(m.metrics) for m in run.rounds[0].cohort if m.client == client]
    return last_metric(first, "eval_loss_shared")

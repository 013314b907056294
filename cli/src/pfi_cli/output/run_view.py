"""A run as a picture for the terminal: a bar per round, a line per client, totals."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pfi_cli.api.runs import Member, Round, Run
from pfi_cli.output.client_measures import client_measures
from pfi_cli.output.client_metrics import client_names, last_metric, metric_history
from pfi_cli.output.tables import state_text
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, loss_text, seconds_text

BAR_WIDTH = 20  # leaves room for the rest on a terminal of 80 columns
_FINISHED = frozenset({"committed", "completed"})


def run_view(run: Run, elapsed_seconds: float) -> RenderableType:
    """Draws a run as it is now."""
    return Group(
        Text.from_markup(f"[bold]{escape(run.name)}[/] {run.run}  {state_text(run.state)}"),
        _rounds(run),
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
    for client, name in client_names(run).items():
        history = metric_history(run, client)
        table.add_row(
            escape(name),
            loss_text(_loss_before(run, client)),
            loss_text(last_metric(history, "eval_loss_shared")),
            loss_text(last_metric(history, "eval_loss_personal")),
        )
    return table


def _rounds(run: Run) -> Table:
    grid = Table.grid(padding=(0, 1))
    for each in run.rounds:
        grid.add_row(
            f"round {each.round}",
            _bar(progress(each)),
            f"{progress(each):4.0%}",
            _round_text(each),
        )
    for number in range(len(run.rounds) + 1, run.rounds_planned + 1):
        grid.add_row(f"round {number}", _bar(0.0), "", "")
    if run.evaluation:
        done = sum(member.state in _FINISHED for member in run.evaluation)
        share = done / len(run.evaluation)
        grid.add_row("evaluation", _bar(share), f"{share:4.0%}", "")
    return grid


def _bar(share: float) -> ProgressBar:
    # Colours that differ on a terminal with 16 of them, too.
    return ProgressBar(
        total=1.0,
        completed=share,
        width=BAR_WIDTH,
        complete_style="cyan",
        finished_style="green",
    )


def progress(each: Round) -> float:
    """Share of a round that is done, by the steps of its clients."""
    if each.state == "published":
        return 1.0
    parts = [_member_progress(member) for member in each.cohort]
    return sum(parts) / len(parts) if parts else 0.0


def _member_progress(member: Member) -> float:
    if member.state in _FINISHED:
        return 1.0
    return min(1.0, member.steps_done / member.steps_total) if member.steps_total else 0.0


def _round_text(each: Round) -> str:
    if each.state == "published":
        traffic = Traffic.of_members(each.cohort)
        return (
            f"{seconds_text(each.wall_seconds)}, {each.counted}/{len(each.cohort)} counted, "
            f"up {bytes_text(traffic.up_bytes)}, down {bytes_text(traffic.down_bytes)}"
        )
    steps = "  ".join(f"{escape(m.name)} {_member_text(m)}" for m in each.cohort)
    return steps or each.state


def _member_text(member: Member) -> str:
    if member.state in _FINISHED:
        return "[green]done[/]"
    if member.state in {"abandoned", "cancelled"}:
        return f"[red]{member.state}[/]"
    return f"{member.steps_done}/{member.steps_total}" if member.steps_total else "-"


def _totals(run: Run, elapsed_seconds: float) -> Text:
    traffic = Traffic.of_run(run)
    return Text(
        f"up {bytes_text(traffic.up_bytes)}  down {bytes_text(traffic.down_bytes)}  "
        f"elapsed {seconds_text(elapsed_seconds)}",
        style="dim",
    )


def _waiting(run: Run) -> Iterator[Text]:
    if run.why is not None and run.why.waiting_for and not run.ended:
        yield Text(f"waiting for {run.why.waiting_for}", style="dim")
    if run.error is not None:
        yield Text(f"failed: {run.error.get('detail', run.error.get('title', ''))}", style="red")


def _loss_before(run: Run, client: str) -> float | None:
    """Loss with the backbone alone, or with version 0 of the adapter, which changes nothing."""
    backbone = last_metric(metric_history(run, client), "eval_loss_backbone")
    if backbone is not None or not run.rounds:
        return backbone
    first = [dict(m.metrics) for m in run.rounds[0].cohort if m.client == client]
    return last_metric(first, "eval_loss_shared")

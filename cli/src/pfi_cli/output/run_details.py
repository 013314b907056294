"""A run for `pfi run show`."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape

from pfi_cli.api.runs import Run
from pfi_cli.output.run_view import run_view


def print_run(run: Run, console: Console) -> None:
    """Prints rounds, losses, the last adapter and, when it is not done, what it waits for."""
    console.print(run_view(run, _elapsed_seconds(run)))
    if run.adapters:
        newest = max(run.adapters, key=lambda adapter: adapter.version)
        console.print(f"adapter version {newest.version}: {newest.digest}", soft_wrap=True)
    if run.why is not None and not run.ended:
        for heading, text in (("unblocks", run.why.unblocks), ("next", run.why.next)):
            if text:
                console.print(f"[dim]{heading}:[/] {escape(text)}", soft_wrap=True)


def _elapsed_seconds(run: Run) -> float:
    """Time from the creation to the last thing that is known."""
    moments: list[datetime] = [
        moment
        for each in run.rounds
        for moment in (each.opened_at, each.sealed_at, each.published_at)
        if moment is not None
    ]
    end = run.ended_at or max(moments, default=run.created_at)
    if end is None or run.created_at is None:
        return 0.0
    return (end - run.created_at).total_seconds()

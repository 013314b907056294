"""A run for `pfi run show`."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape

from pfi_cli.api.runs import GLOBAL, Run, line_order
from pfi_cli.output.run_view import run_view
from pfi_common.clock import Clock, SystemClock


def print_run(run: Run, console: Console, clock: Clock | None = None) -> None:
    """Prints rounds, losses, the last adapter and, when it is not done, what it waits for."""
    moment = (clock or SystemClock()).now()
    console.print(run_view(run, _elapsed_seconds(run, moment)))
    if run.origin is not None:
        origin = run.origin
        console.print(
            f"[dim]begun with:[/] version {origin.version} of {origin.run}, {origin.line}",
            soft_wrap=True,
        )
    for line in sorted({adapter.line for adapter in run.adapters}, key=line_order):
        own = [adapter for adapter in run.adapters if adapter.line == line]
        newest = max(own, key=lambda adapter: adapter.version)
        of = "" if line == GLOBAL else f"{line}: "
        console.print(f"{of}adapter version {newest.version}: {newest.digest}", soft_wrap=True)
    if run.why is not None and not run.ended:
        for heading, text in (("unblocks", run.why.unblocks), ("next", run.why.next)):
            if text:
                console.print(f"[dim]{heading}:[/] {escape(text)}", soft_wrap=True)


def _elapsed_seconds(run: Run, moment: datetime) -> float:
    """Time from the creation to the end, or to now while it goes on."""
    end = run.ended_at or moment
    return max(0.0, (end - (run.created_at or end)).total_seconds())

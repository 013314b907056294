"""Shows a person at a terminal what the clients of a fleet do; JSON logs go to a file then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pfi_client_agent.application.fleet_tally import FleetTally

_REFRESH_SECONDS = 0.25


@asynccontextmanager
async def shown(tally: FleetTally, console: Console | None) -> AsyncIterator[None]:
    """Show a fleet's counts while the block runs; without a console nothing is shown."""
    if console is None:
        yield
        return
    with Live(render(tally), console=console, auto_refresh=False) as live:
        refreshing = asyncio.create_task(_refresh(live, tally))
        try:
            yield
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)
            live.update(render(tally), refresh=True)


def render(tally: FleetTally) -> RenderableType:
    """Draw the counts, and the progress of the newest round."""
    counts = Table.grid(padding=(0, 2))
    counts.add_row(*(Text(name, style=_style(name, count)) for name, count in _cells(tally)))
    counts.add_row(*(Text(str(count), style=_style(name, count)) for name, count in _cells(tally)))
    table = Table.grid()
    table.add_row(counts)
    if tally.current:
        row = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=tally.clients, completed=len(tally.done), width=40)
        row.add_row(Text(tally.current), bar, Text(f"{len(tally.done)}/{tally.clients}"))
        table.add_row(row)
    return table


def _cells(tally: FleetTally) -> list[tuple[str, int]]:
    return [("clients", tally.clients), *tally.counts().items()]


def _style(name: str, count: int) -> str:
    return "red" if name == "failed" and count else ""


async def _refresh(live: Live, tally: FleetTally) -> None:
    while True:
        live.update(render(tally), refresh=True)
        await asyncio.sleep(_REFRESH_SECONDS)

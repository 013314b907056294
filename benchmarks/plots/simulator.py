"""Events a second, by the size of the simulated run."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import Picture

ALT = "Events that one core simulates in a second, by clients and updates a round; the target"
TARGET = 20_000.0
_RATE = ": events a second"


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each simulated run."""
    rows = [row for row in document["rows"] if row["what"].endswith(_RATE)]
    drawn = Picture("Simulating", "events a second, one core", height=height(len(rows)))
    names = [row["what"].removesuffix(_RATE).replace(" updates a round", "") for row in rows]
    draw_bars(drawn.axes, rows, names, limits=dict.fromkeys(names, TARGET))
    return drawn

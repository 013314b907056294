"""Events a second, by the size of the simulated run."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import Picture

ALT = "Thousand events that one core simulates in a second, by clients and updates; the target"
TARGET, THOUSAND = 20.0, 1000.0
_RATE = ": events a second"
_NUMBERS = ("median", "minimum", "maximum")


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each simulated run."""
    found = [row for row in document["rows"] if row["what"].endswith(_RATE)]
    rows = [row | {key: row[key] / THOUSAND for key in _NUMBERS} for row in found]
    names = [row["what"].removesuffix(_RATE).replace(" a round", "") for row in rows]
    drawn = Picture("Simulating", "thousand events a second, one core", height=height(len(rows)))
    judged = {name: TARGET for name in names if name.startswith("100,000 clients, 1,000 ")}
    draw_bars(drawn.axes, rows, names, limits=judged)
    return drawn

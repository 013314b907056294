"""Rates of folding, by encoding."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import Picture

ALT = "Gigabytes of fp32 that one core sums in a second, by encoding, beside memory; the target"
TARGET = 2.5


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for the memory, and one for each encoding in memory and from the spool."""
    rows = document["rows"]
    drawn = Picture("Summing updates", "GB/s of fp32, one core", height=height(len(rows)))
    names = [row["what"].partition(", with")[0] for row in rows]
    draw_bars(drawn.axes, rows, names, limits={"fp32: decoded and summed": TARGET})
    return drawn

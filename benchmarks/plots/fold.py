"""Rates of folding, by encoding."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import Picture

ALT = "Gigabytes of fp32 that are summed in a second of one core, by encoding, with the target"
MEMORY, TARGET = "memory copied", 2.5


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each encoding, in memory and from the spool; the copy is left out."""
    rows = [row for row in document["rows"] if row["what"] != MEMORY]
    drawn = Picture("Summing updates", "GB/s of fp32, one core", height=height(len(rows)))
    names = [row["what"].partition(", with")[0] for row in rows]
    draw_bars(drawn, rows, names, limits={"fp32: decoded and summed": TARGET})
    return drawn

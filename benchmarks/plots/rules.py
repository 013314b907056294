"""Seconds of each robust rule on one worker."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import Picture

ALT = "Seconds that one worker takes for 100 updates of 16 M parameters, by rule"
_ENDING = ": worker"


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each rule."""
    rows = [row for row in document["rows"] if row["what"].endswith(_ENDING)]
    drawn = Picture(
        "Robust rules on one worker",
        "seconds for 100 updates of 16 M parameters, 6.4 GB; further workers share them",
        height=height(len(rows)),
    )
    draw_bars(drawn.axes, rows, [row["what"].removesuffix(_ENDING) for row in rows])
    return drawn

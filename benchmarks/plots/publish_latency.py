"""Seconds from the last commit to the published adapter."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from benchmarks.publish_latency import LATENCY, TARGET_SECONDS
from pfi_cli.report.plots.canvas import Picture

ALT = "Seconds from the last commit to the published adapter, by how many uploads ran at a time"
WHAT = f"{LATENCY}, "


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each way in which updates come."""
    rows = [row for row in document["rows"] if row["what"].startswith(WHAT)]
    drawn = Picture("From the last commit to the adapter", "seconds", height=height(len(rows)))
    names = [row["what"].removeprefix(WHAT) for row in rows]
    draw_bars(drawn.axes, rows, names, limits=dict.fromkeys(names, TARGET_SECONDS))
    return drawn

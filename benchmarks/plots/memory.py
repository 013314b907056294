"""Peak memory of each service."""

from typing import Any

from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import Picture

ALT = "Peak memory of each service, with the limits of coordinator and aggregator"
LIMITS_MEGABYTES = {"coordinator": 150.0, "aggregator": 250.0}


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each service."""
    rows = document["rows"]
    drawn = Picture("Peak memory of the services", "MB; limits at the lines", height=height(4))
    names = [row["what"].removeprefix("peak memory of ") for row in rows]
    draw_bars(drawn.axes, rows, names, limits=LIMITS_MEGABYTES)
    return drawn

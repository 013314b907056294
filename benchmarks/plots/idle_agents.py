"""Memory of an idle session beside that of a stream that gRPC alone holds."""

from typing import Any

from benchmarks.control.idle_figures import LIMIT_KILOBYTES, MEMORY
from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import BACKBONE, SHARED, Picture

ALT = "Kilobytes of an idle open session in a coordinator and in a bare gRPC server, with the limit"


def picture(document: dict[str, Any]) -> Picture:
    """Draws a bar for each server."""
    ending = f": {MEMORY}"
    rows = [row for row in document["rows"] if row["what"].endswith(ending)]
    names = [row["what"].removesuffix(ending) for row in rows]
    drawn = Picture(
        "An idle open session", "KB of resident memory; the limit at the line", height=height(2)
    )
    draw_bars(
        drawn.axes,
        rows,
        names,
        limits={"coordinator": LIMIT_KILOBYTES},
        colours=[SHARED if name == "coordinator" else BACKBONE for name in names],
    )
    return drawn

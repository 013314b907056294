"""Messages a second and their p99, ours and Flower's."""

from typing import Any

from benchmarks.control.figures import KINDS, LIMIT_MILLISECONDS, PEER_KINDS
from benchmarks.plots.bars import LIMIT
from pfi_cli.report.plots.canvas import BACKBONE, EVALUATION, SHARED, Picture

ALT = "Hand-outs and progress messages a second and their p99, by agents, beside Flower's pulls"
WIDTH = 12.0
COLOURS = {
    KINDS["tasks"]: SHARED,
    KINDS["progress"]: EVALUATION,
    PEER_KINDS["poll"]: BACKBONE,
}


def picture(document: dict[str, Any]) -> Picture:
    """Draws a line for each kind of message, on logarithmic scales: rates, and p99 beside them."""
    drawn = Picture("The control plane", "messages a second, by agents", width=WIDTH, height=4.2)
    right = drawn.beside("p99 in milliseconds; the aim at the line")
    for axes, ending in ((drawn.axes, ": rate"), (right, ": p99")):
        for kind, colour in COLOURS.items():
            points = _points(document, kind, ending)
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=kind)
        counts = sorted({count for kind in COLOURS for count, _ in _points(document, kind, ending)})
        axes.set(xscale="log", yscale="log", xticks=counts, xticklabels=counts)
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:g}")
    right.axhline(LIMIT_MILLISECONDS, color=LIMIT)
    drawn.legend(len(COLOURS))
    return drawn


def _points(document: dict[str, Any], kind: str, ending: str) -> list[tuple[int, float]]:
    rows = [
        row
        for row in document["rows"]
        if row["what"].startswith(f"{kind}, ") and row["what"].endswith(ending)
    ]
    return [
        (int(row["what"].removeprefix(f"{kind}, ").split(" ")[0]), row["median"]) for row in rows
    ]

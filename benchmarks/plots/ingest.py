"""How fast an aggregator takes updates in, beside handlers that do less."""

from typing import Any

from benchmarks.ingest import CPU, NAMES, SPEED
from benchmarks.plots.bars import draw_bars, height
from pfi_cli.report.plots.canvas import BACKBONE, EVALUATION, REST, SHARED, Picture

ALT = "Gigabytes a second and CPU seconds a gigabyte of an aggregator and of two simpler handlers"
WIDTH = 12.0
COLOURS = dict(zip(NAMES.values(), (REST, BACKBONE, SHARED, EVALUATION), strict=True))


def picture(document: dict[str, Any]) -> Picture:
    """Draws two bars for each server and each way in which updates come: speed and CPU."""
    speeds, costs = _rows(document, SPEED), _rows(document, CPU)
    colours = [COLOURS[row["what"].rpartition(", ")[0]] for row in speeds]
    drawn = Picture("Taking updates in", "GB/s of payload", width=WIDTH, height=height(len(speeds)))
    names = [row["what"].removesuffix(f": {SPEED}") for row in speeds]
    draw_bars(drawn.axes, speeds, names, colours=colours)
    right = drawn.beside("CPU seconds of the server for a GB")
    draw_bars(right, costs, names, colours=colours)
    right.set_yticks([])
    return drawn


def _rows(document: dict[str, Any], what: str) -> list[dict[str, Any]]:
    """The rows of one quantity, servers side by side."""
    rows = [row for row in document["rows"] if row["what"].endswith(f": {what}")]
    return sorted(rows, key=lambda row: row["what"].rpartition(", ")[2])

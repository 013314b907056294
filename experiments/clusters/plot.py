"""Draws the loss of each client with each adapter."""

from pathlib import Path
from typing import Any

from experiments.clusters.page import LEVELS, losses
from pfi_cli.report.plots.canvas import BACKBONE, FAINT, INK, PERSONAL, SHARED, Picture

_CLUSTER, _BESIDE = "#009e73", "#e69f00"
_COLOURS = (BACKBONE, SHARED, _CLUSTER, _BESIDE, PERSONAL)
_SPREAD = 0.32  # half the width of a column of dots


def draw(document: dict[str, Any], path: Path) -> None:
    """Draws a dot for each client of each seed, and the mean of each adapter."""
    picture = Picture(
        "What each client loses with each adapter",
        "mean token loss on held-out rows (nats); a dot is a client of a seed, the line their mean",
        width=9.0,
    )
    for place, (level, colour) in enumerate(zip(LEVELS, _COLOURS, strict=True)):
        _column(picture, place, losses(document, level), colour)
    names = [words.replace(" ", "\n", 1) for words in LEVELS.values()]
    picture.axes.set_xticks(range(len(names)), names)
    picture.axes.set_ylim(bottom=0)
    picture.axes.grid(axis="y", color=FAINT)
    picture.save(path)


def _column(picture: Picture, place: int, values: list[float], colour: str) -> None:
    step = 2 * _SPREAD / max(1, len(values) - 1)
    places = [place - _SPREAD + step * number for number in range(len(values))]
    mean = sum(values) / len(values)
    picture.axes.scatter(places, values, color=colour, s=18, alpha=0.8, linewidths=0)
    picture.axes.hlines(mean, place - _SPREAD, place + _SPREAD, color=INK, linewidth=1.5)
    picture.axes.annotate(
        f"{mean:.3f}", (place + _SPREAD, mean), (4, 0), textcoords="offset points", fontsize=9
    )

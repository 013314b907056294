"""Draws the loss of each client with each product."""

from pathlib import Path
from typing import Any

from experiments.products.page import RANKS, kinds, values
from pfi_cli.report.plots.canvas import FAINT, INK, PERSONAL, SHARED, Picture

_SPREAD = 0.32  # half the width of a column of dots


def draw(document: dict[str, Any], path: Path) -> None:
    """Draws a dot for each client of each seed, and the mean of each product."""
    picture = Picture(
        "What each client loses with each product of factors",
        "mean token loss on held-out rows (nats); a dot is a client of a seed, the line their mean",
        width=9.0,
    )
    names = []
    for place, (name, several) in enumerate(kinds(document)):
        colour = PERSONAL if several else SHARED
        _column(picture, place, values(document, "losses", name, several=several), colour)
        names.append(f"{name}\n{RANKS[several]}")
    picture.axes.set_xticks(range(len(names)), names)
    picture.axes.set_ylim(bottom=0)
    picture.axes.grid(axis="y", color=FAINT)
    picture.save(path)


def _column(picture: Picture, place: int, numbers: list[float], colour: str) -> None:
    step = 2 * _SPREAD / max(1, len(numbers) - 1)
    places = [place - _SPREAD + step * number for number in range(len(numbers))]
    mean = sum(numbers) / len(numbers)
    picture.axes.scatter(places, numbers, color=colour, s=18, alpha=0.8, linewidths=0)
    picture.axes.hlines(mean, place - _SPREAD, place + _SPREAD, color=INK, linewidth=1.5)
    picture.axes.annotate(
        f"{mean:.3f}", (place + _SPREAD, mean), (4, 0), textcoords="offset points", fontsize=9
    )

"""Draws losses as columns of dots, one column for each adapter or product."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pfi_cli.report.plots.canvas import FAINT, INK, Picture

_SPREAD = 0.32  # half the width of a column


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: What stands below it; lines are broken as they are here.
        losses: One of each client of each seed.
        colour: Of the dots.
    """

    name: str
    losses: Sequence[float]
    colour: str


def draw_columns(title: str, columns: Sequence[Column], path: Path) -> None:
    """Draws a dot for each client of each seed, and the mean of each column."""
    picture = Picture(
        title,
        "mean token loss on held-out rows (nats); a dot is a client of a seed, the line their mean",
        width=9.0,
    )
    for place, column in enumerate(columns):
        _draw(picture, place, column)
    picture.axes.set_xticks(range(len(columns)), [column.name for column in columns])
    picture.axes.set_ylim(bottom=0)
    picture.axes.grid(axis="y", color=FAINT)
    picture.save(path)


def _draw(picture: Picture, place: int, column: Column) -> None:
    losses = column.losses
    step = 2 * _SPREAD / max(1, len(losses) - 1)
    places = [place - _SPREAD + step * number for number in range(len(losses))]
    mean = sum(losses) / len(losses)
    picture.axes.scatter(places, losses, color=column.colour, s=18, alpha=0.8, linewidths=0)
    picture.axes.hlines(mean, place - _SPREAD, place + _SPREAD, color=INK, linewidth=1.5)
    picture.axes.annotate(
        f"{mean:.3f}", (place + _SPREAD, mean), (4, 0), textcoords="offset points", fontsize=9
    )

"""Lines per client and their mean: loss with each version of the shared adapter."""

from collections.abc import Sequence
from itertools import pairwise

from pfi_cli.api.runs import GLOBAL
from pfi_cli.report.figures import Report
from pfi_cli.report.plots.canvas import (
    BACKBONE,
    FAINT,
    INK,
    LINES,
    PERSONAL,
    SHARED,
    Picture,
)

LABEL_GAP = 0.045  # of the height of the axes


def loss_by_round(report: Report) -> Picture:
    """Draws the course of the run."""
    picture = Picture(
        "Loss with each version of the shared adapter",
        "nats per token on held-out rows; version 0 is the backbone, n the outcome of round n",
    )
    versions = sorted({entry.version for entry in report.history})
    _draw_clients(picture, report)
    for line, colour in _colours(report).items():
        _draw_mean(picture, report, line, colour)
    _draw_references(picture, report, versions[-1])
    picture.axes.set_xticks(versions)
    picture.axes.set_xlim(-0.15, versions[-1] * 1.2 + 0.2)
    picture.axes.set_xlabel("version of the shared adapter", fontsize=9.5)
    picture.axes.grid(axis="y", color=FAINT)
    picture.legend(3 if len(_colours(report)) == 1 else 4)
    return picture


def _colours(report: Report) -> dict[str, str]:
    """A colour for each line: the usual one for the global line."""
    lines = dict.fromkeys(entry.line for entry in report.history)
    clusters = [line for line in lines if line != GLOBAL]
    return {
        line: SHARED if line == GLOBAL else LINES[clusters.index(line) % len(LINES)]
        for line in lines
    }


def _draw_mean(picture: Picture, report: Report, line: str, colour: str) -> None:
    entries = [e for e in report.history if e.line == line and e.by_client]
    means = [sum(entry.by_client.values()) / len(entry.by_client) for entry in entries]
    alone = "mean of all" if report.clusters else "mean"
    label = alone if line == GLOBAL else f"mean of {line}"
    versions = [entry.version for entry in entries]
    picture.axes.plot(versions, means, color=colour, linewidth=2.6, marker="o", label=label)


def _draw_clients(picture: Picture, report: Report) -> None:
    ends, colours = [], _colours(report)
    for client in report.clients:
        points = [
            (entry.version, entry.by_client[client.name])
            for entry in report.history
            if client.name in entry.by_client
        ]
        colour = colours.get(client.line, SHARED)
        picture.axes.plot(*zip(*points, strict=True), color=colour, alpha=0.35, linewidth=1.2)
        ends.append((client.name, *points[-1]))
    low, high = picture.axes.get_ylim()
    heights = spread_apart([loss for _, _, loss in ends], (high - low) * LABEL_GAP)
    for (name, version, _), height in zip(ends, heights, strict=True):
        picture.axes.annotate(
            name,
            (version, height),
            xytext=(8, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            va="center",
        )


def _draw_references(picture: Picture, report: Report, last: int) -> None:
    losses = report.losses
    if losses.personal is not None:
        picture.axes.plot(
            [last],
            [losses.personal.mean],
            color=PERSONAL,
            marker="D",
            markersize=8,
            linestyle="none",
            label="mean with personal adapters",
        )
    picture.axes.axhline(
        losses.backbone.mean,
        color=BACKBONE,
        linestyle="--",
        linewidth=1.2,
        label="mean of the backbone",
    )


def spread_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Moves heights apart until neighbours keep a gap, in the order that they had."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    moved = list(heights)
    for lower, upper in pairwise(order):
        moved[upper] = max(moved[upper], moved[lower] + gap)
    return moved

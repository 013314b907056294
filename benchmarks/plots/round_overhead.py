"""Overhead of every round, as a distribution."""

from typing import Any

from benchmarks.plots.bars import LIMIT
from pfi_cli.report.plots.canvas import SHARED, Picture

ALT = "Share of rounds whose overhead is at most so many seconds, with the limit"
LIMIT_SECONDS = 0.5


def picture(document: dict[str, Any]) -> Picture:
    """Draws the share of rounds below each overhead."""
    overheads = sorted(document["measured"]["overhead_seconds"])
    drawn = Picture(
        "What a round costs beyond training",
        "share of rounds whose overhead is at most so many seconds; the aim at the line",
        height=3.2,
    )
    shares = [number / len(overheads) for number in range(1, len(overheads) + 1)]
    drawn.axes.step(overheads, shares, where="post", color=SHARED)
    drawn.axes.axvline(LIMIT_SECONDS, color=LIMIT)
    drawn.axes.set(xlabel="round overhead (s)", xlim=(0, None), ylim=(0, 1.02))
    return drawn

"""Horizontal bars with lowest and highest run, and limits across them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pfi_cli.report.plots.canvas import INK, SHARED, hide_spines

LIMIT = "#d55e00"
THIN, INCHES_EACH = 0.62, 0.42


def draw_bars(
    axes: Any,  # noqa: ANN401 - matplotlib's axes
    rows: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    *,
    limits: Mapping[str, float] | None = None,
    colours: Sequence[str] | None = None,
) -> None:
    """Draws the median of each row, with its range.

    Args:
        axes: What to draw on.
        rows: Rows of a stored result, all of one unit.
        labels: One for each row.
        limits: Limits by label, drawn across the bar.
        colours: One for each row; the shared adapter's unless given.
    """
    medians = [row["median"] for row in rows]
    spread = [
        [row["median"] - row["minimum"] for row in rows],
        [row["maximum"] - row["median"] for row in rows],
    ]
    axes.barh(
        labels, medians, height=THIN, color=colours or SHARED, xerr=spread,
        error_kw={"ecolor": INK, "elinewidth": 1},
    )  # fmt: skip
    for label, limit in (limits or {}).items():
        place = labels.index(label)
        axes.plot([limit, limit], [place - THIN / 2, place + THIN / 2], color=LIMIT, linewidth=2.5)
    for place, row in enumerate(rows):
        axes.text(row["maximum"], place, f"  {row['median']:.3g}", va="center", fontsize=9)
    axes.invert_yaxis()
    hide_spines(axes, "left")


def height(bars: int) -> float:
    """Inches that a picture with so many bars needs."""
    return 1.6 + INCHES_EACH * bars

"""What all pictures of a simulation have in common. They need the extra `plots`."""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from pfi_common.errors import ExtraMissingError

_DOTS_PER_INCH = 144
INK, FAINT = "#444444", "#eeeeee"
# Colour-blind safe (Okabe and Ito).
BLUE, SKY, ORANGE, GREEN, RED, GREY = (
    "#0072b2",
    "#56b4e9",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#c9c9c9",
)


def require_plots() -> None:
    """Checks that pictures can be drawn.

    Raises:
        ExtraMissingError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ExtraMissingError(
            "pictures need matplotlib: pip install 'pfi-coordinator[plots]', or give --no-plots"
        )


class Picture:
    """One or more pairs of axes above each other, with one title.

    Attributes:
        axes: What to draw on, from the top.
    """

    def __init__(self, title: str, subtitles: tuple[str, ...]) -> None:
        figure = importlib.import_module("matplotlib.figure")
        height = 1.4 + 2.9 * len(subtitles)
        self._figure = figure.Figure(figsize=(8.0, height), layout="constrained")
        self._figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        panels = self._figure.subplots(len(subtitles), 1, squeeze=False).ravel()
        self.axes: tuple[Any, ...] = tuple(panels)
        for axes, subtitle in zip(self.axes, subtitles, strict=True):
            _style(axes, subtitle)

    def save(self, file: Path) -> None:
        """Writes the picture as PNG; what drew it is left out, so that bytes stay the same."""
        self._figure.savefig(file, dpi=_DOTS_PER_INCH, metadata={"Software": None})


def _style(axes: Any, subtitle: str) -> None:  # noqa: ANN401 - matplotlib has no types
    axes.set_title(subtitle, loc="left", fontsize=9.5, color=INK)
    axes.tick_params(length=0, labelsize=9)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=FAINT)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def legend(axes: Any, columns: int) -> None:  # noqa: ANN401 - as above
    """Writes the legend above the drawing, to the right."""
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=columns, frameon=False, fontsize=8.5
    )

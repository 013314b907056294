"""What all pictures have in common: size, title, colours, legend."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure  # without pyplot: no display, no global state

DOTS_PER_INCH = 144
# Colour-blind safe (Okabe and Ito).
BACKBONE, SHARED, PERSONAL = "#9a9a9a", "#0072b2", "#d55e00"
TRAINING, EVALUATION, TRANSFER, REST = "#0072b2", "#56b4e9", "#e69f00", "#c9c9c9"
LINES = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#a5761d", "#000000")
INK, FAINT = "#444444", "#eeeeee"


class Picture:
    """One titled pair of axes.

    Attributes:
        axes: What to draw on.
    """

    def __init__(
        self, title: str, subtitle: str, *, width: float = 8.0, height: float = 4.5
    ) -> None:
        """Makes an empty picture (sizes in inches)."""
        self._figure = Figure(figsize=(width, height), layout="constrained")
        self.axes: Any = self._figure.subplots()
        _style(self.axes, title, subtitle)

    def beside(self, subtitle: str) -> Any:  # noqa: ANN401 - matplotlib's axes
        """Adds a second pair of axes to the right of the first, as wide."""
        grid = self._figure.add_gridspec(1, 2)
        self.axes.set_subplotspec(grid[0])
        axes = self._figure.add_subplot(grid[1])
        _style(axes, "", subtitle)
        return axes

    def hide_spines(self, *sides: str) -> None:
        """Takes lines of the frame away."""
        hide_spines(self.axes, *sides)

    def legend(self, columns: int) -> None:
        """Writes the legend below everything."""
        self._figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=9)

    def save(self, file: Path, texts: Mapping[str, str | None] | None = None) -> None:
        """Writes the picture as PNG.

        Args:
            file: Where.
            texts: What the file says of itself, by PNG keyword.
        """
        self._figure.savefig(file, dpi=DOTS_PER_INCH, metadata=texts)


def _style(axes: Any, title: str, subtitle: str) -> None:  # noqa: ANN401 - as above
    axes.set_title(f"{title}\n", loc="left", fontsize=13, fontweight="bold")
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, fontsize=9.5, color=INK)
    axes.tick_params(length=0, labelsize=9.5)
    axes.set_axisbelow(True)
    hide_spines(axes, "top", "right")


def hide_spines(axes: Any, *sides: str) -> None:  # noqa: ANN401 - matplotlib's axes
    """Takes lines of a frame away."""
    for side in sides:
        axes.spines[side].set_visible(False)

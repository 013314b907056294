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
        self.axes.set_title(f"{title}\n", loc="left", fontsize=13, fontweight="bold")
        self.axes.text(0, 1.02, subtitle, transform=self.axes.transAxes, fontsize=9.5, color=INK)
        self.axes.tick_params(length=0, labelsize=9.5)
        self.axes.set_axisbelow(True)
        self.hide_spines("top", "right")

    def hide_spines(self, *sides: str) -> None:
        """Takes lines of the frame away."""
        for side in sides:
            self.axes.spines[side].set_visible(False)

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

"""Draws the loss of each client with each product."""

from pathlib import Path

from experiments.columns import Column, draw_columns
from experiments.products.page import PLOT, RANKS, kinds, values
from experiments.stored import Document
from pfi_cli.report.plots.canvas import PERSONAL, SHARED

_COLOURS = {False: SHARED, True: PERSONAL}


def draw(document: Document, path: Path = PLOT) -> None:
    """Draws a column for each product, with one rank and with several."""
    columns = [
        Column(
            f"{name}\n{RANKS[several]}",
            values(document, "losses", name, several=several),
            _COLOURS[several],
        )
        for name, several in kinds(document)
    ]
    draw_columns("What each client loses with each product of factors", columns, path)

"""Draws the loss of each client with each adapter."""

from pathlib import Path

from experiments.clusters.page import LEVELS, PLOT, losses
from experiments.columns import Column, draw_columns
from experiments.stored import Document
from pfi_cli.report.plots.canvas import BACKBONE, PERSONAL, SHARED

_CLUSTER, _BESIDE = "#009e73", "#e69f00"
_COLOURS = (BACKBONE, SHARED, _CLUSTER, _BESIDE, PERSONAL)


def draw(document: Document, path: Path = PLOT) -> None:
    """Draws a column for each adapter."""
    columns = [
        Column(words.replace(" ", "\n", 1), losses(document, level), colour)
        for (level, words), colour in zip(LEVELS.items(), _COLOURS, strict=True)
    ]
    draw_columns("What each client loses with each adapter", columns, path)

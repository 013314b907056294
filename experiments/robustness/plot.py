"""Draws the accuracy of each rule by the share of attackers, one panel an attack."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from experiments.robustness.outcome import Point
from experiments.robustness.page import PLOT, points_of
from experiments.stored import Document
from pfi_cli.report.plots.canvas import BACKBONE, DOTS_PER_INCH, FAINT, INK, LINES

_COLUMNS = 2


def draw(document: Document, path: Path = PLOT) -> None:
    """Draws a line for each rule, and the seeds between its lowest and highest as a band."""
    points, rules = points_of(document), list(document["config"]["rules"])
    attacks = list(dict.fromkeys(point.attack for point in points))
    rows = -(-len(attacks) // _COLUMNS)
    figure = Figure(figsize=(9.0, 2.6 * rows + 0.8), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, attack in zip(panels, attacks, strict=False):
        _panel(panel, attack, [point for point in points if point.attack == attack], rules)
    for panel in panels[len(attacks) :]:
        panel.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=DOTS_PER_INCH)


def _panel(panel: Any, attack: str, points: Sequence[Point], rules: Sequence[str]) -> None:  # noqa: ANN401 - matplotlib has no types
    panel.set_title(attack, loc="left", fontsize=10, fontweight="bold")
    for rule, colour in zip(rules, (BACKBONE, *LINES), strict=False):
        line = sorted((p for p in points if p.rule == rule), key=lambda point: point.share)
        shares = [100 * point.share for point in line]
        panel.plot(shares, [p.mean for p in line], color=colour, label=rule, linewidth=1.8)
        lowest, highest = zip(*((min(p.accuracies), max(p.accuracies)) for p in line), strict=True)
        panel.fill_between(shares, lowest, highest, color=colour, alpha=0.12, linewidth=0)
    panel.set_ylim(0, 1)
    panel.set_xlabel("attackers, % of clients", fontsize=9, color=INK)
    panel.set_ylabel("accuracy", fontsize=9, color=INK)
    panel.grid(axis="y", color=FAINT)
    panel.set_xticks(sorted({100 * point.share for point in points}))
    panel.tick_params(length=0, labelsize=9, labelbottom=True)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)

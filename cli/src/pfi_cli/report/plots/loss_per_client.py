"""Bars per client: loss of backbone, shared, shared and personal adapter."""

from collections.abc import Sequence

from pfi_cli.report.figures import Report
from pfi_cli.report.plots.canvas import BACKBONE, FAINT, INK, PERSONAL, SHARED, Picture

GROUP_WIDTH = 0.8


def loss_per_client(report: Report) -> Picture:
    """Draws the closing evaluation."""
    groups = [*(client.name for client in report.clients), "mean"]
    series = _series(report)
    picture = Picture(
        "Loss per client",
        "nats per token on each client's own held-out rows, lower is better",
        width=max(7.0, 2.0 + 1.15 * len(groups)),
    )
    width = GROUP_WIDTH / len(series)
    for index, (label, colour, values) in enumerate(series):
        shift = (index - (len(series) - 1) / 2) * width
        places = [group + shift for group in range(len(groups))]
        bars = picture.axes.bar(places, values, width * 0.92, color=colour, label=label)
        picture.axes.bar_label(bars, fmt="%.2f", fontsize=7.5, padding=1, color=INK)
    picture.axes.axvline(len(groups) - 1.5, color=FAINT, linewidth=1.5)
    picture.axes.set_xticks(range(len(groups)), groups)
    picture.axes.set_yticks([])
    picture.hide_spines("left")
    picture.legend(len(series))
    return picture


def _series(report: Report) -> list[tuple[str, str, Sequence[float]]]:
    losses, clients = report.losses, report.clients
    series: list[tuple[str, str, Sequence[float]]] = [
        ("backbone", BACKBONE, [*(c.backbone for c in clients), losses.backbone.mean]),
        ("shared adapter", SHARED, [*(c.shared for c in clients), losses.shared.mean]),
    ]
    if losses.personal is not None:
        personal = [client.personal for client in clients if client.personal is not None]
        series.append(("shared + personal", PERSONAL, [*personal, losses.personal.mean]))
    return series

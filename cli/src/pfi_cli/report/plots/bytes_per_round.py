"""Bars on a logarithmic scale: payload of a round against full fine-tuning."""

import statistics
from collections.abc import Iterable

from pfi_cli.output.units import bytes_text
from pfi_cli.report.figures import Report
from pfi_cli.report.plots.canvas import BACKBONE, FAINT, SHARED, Picture

MARGIN = 8.0  # times the shortest and the longest bar


def bytes_per_round(report: Report) -> Picture:
    """Draws the mean round."""
    full_up = max(1.0, report.traffic.full_up_bytes)
    full_down = max(1.0, report.traffic.full_down_bytes)
    rows = [
        ("full fine-tuning, down", full_down, BACKBONE),
        ("full fine-tuning, up", full_up, BACKBONE),
        ("this run, adapters down", _mean(each.down_bytes for each in report.rounds), SHARED),
        ("this run, updates up", _mean(each.up_bytes for each in report.rounds), SHARED),
    ]
    picture = Picture(
        f"{report.traffic.times_less:,.1f} times fewer bytes than full fine-tuning",
        "payload of counted clients in one round, logarithmic; full fine-tuning in float32",
        height=3.2,
    )
    labels, sizes, colours = zip(*rows, strict=True)
    bars = picture.axes.barh(labels, sizes, color=colours, height=0.62)
    picture.axes.bar_label(bars, [bytes_text(size) for size in sizes], padding=5, fontsize=9.5)
    picture.axes.set_xscale("log")
    picture.axes.set_xlim(min(sizes) / MARGIN, max(sizes) * MARGIN)
    picture.axes.minorticks_off()
    picture.axes.xaxis.set_major_formatter(lambda size, _: bytes_text(size))
    picture.axes.grid(axis="x", color=FAINT)
    picture.hide_spines("left")
    return picture


def _mean(sizes: Iterable[int]) -> float:
    """Mean of sizes, at least 1 byte: zero has no place on a logarithmic scale."""
    return max(1.0, statistics.fmean(sizes))

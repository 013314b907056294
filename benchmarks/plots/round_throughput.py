"""Seconds of a round by size, ours and Flower's."""

from typing import Any

from benchmarks.plots.bars import THIN, height
from benchmarks.throughput.scale import Scale
from pfi_cli.report.plots.canvas import BACKBONE, EVALUATION, SHARED, Picture

ALT = "Seconds of a round without training, by clients and size of the adapter, ours and Flower's"
LEAST_SECONDS = 0.05
SIDES = {"fp32": ("ours, fp32", SHARED), "int8": ("ours, int8", EVALUATION),
         "flower": ("Flower", BACKBONE)}  # fmt: skip


def picture(document: dict[str, Any]) -> Picture:
    """Draws up to three bars for each size, on a logarithmic scale."""
    medians = {
        row["what"].removesuffix(": round"): row["median"]
        for row in document["rows"]
        if row["what"].endswith(": round")
    }
    parts = [Scale.parse(name) for name in document["measured"]]
    sizes = list(dict.fromkeys((part.clients, part.megabytes) for part in parts))
    drawn = Picture(
        "A round without training",
        "seconds, logarithmic; adapter to every client and every update back",
        height=height(0) + 0.62 * len(sizes),
    )
    thickness = THIN / len(SIDES)
    for side, (kind, (label, colour)) in enumerate(SIDES.items()):
        here = [part for part in parts if part.kind == kind]
        if not here:
            continue
        places = [sizes.index((part.clients, part.megabytes)) for part in here]
        heights = [place + (side - 1) * thickness for place in places]
        seconds = [medians[part.words] for part in here]
        drawn.axes.barh(heights, seconds, height=thickness, color=colour, label=label)
        for place, value in zip(heights, seconds, strict=True):
            drawn.axes.text(value, place, f"  {value:.3g}", va="center", fontsize=8)
    drawn.axes.set_yticks(range(len(sizes)), [f"{count} x {size} MB" for count, size in sizes])
    drawn.axes.set(xscale="log", xlim=(LEAST_SECONDS, None))
    drawn.axes.xaxis.set_major_formatter("{x:g}")
    drawn.axes.invert_yaxis()
    drawn.hide_spines("left")
    drawn.legend(len(SIDES))
    return drawn

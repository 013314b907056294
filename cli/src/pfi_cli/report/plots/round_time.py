"""Stacked bars: where the wall time of each round went."""

from pfi_cli.output.run_lines import in_line
from pfi_cli.report.compute import longest_overhead
from pfi_cli.report.figures import Report
from pfi_cli.report.plots.canvas import EVALUATION, REST, TRAINING, TRANSFER, Picture


def round_time(report: Report) -> Picture:
    """Draws one bar per round, along the client that worked longest."""
    times = [each.time for each in report.rounds]
    parts = [
        ("training", TRAINING, [time.training for time in times]),
        ("evaluation and personal adapter", EVALUATION, [time.evaluation for time in times]),
        ("transfer and loading", TRANSFER, [time.transfer for time in times]),
        ("everything else", REST, [time.rest for time in times]),
    ]
    overhead = longest_overhead(report.rounds)
    limit = "" if overhead is None else f"; overhead at most {overhead:.2f} s"
    picture = Picture(
        "Where the time of each round went",
        f"seconds, along the client that worked longest{limit}",
        height=1.9 + 0.45 * len(times),
    )
    labels = [in_line(each.line, f"round {each.round}") for each in report.rounds]
    ends = [0.0] * len(times)
    for label, colour, values in parts:
        picture.axes.barh(labels, values, left=ends, color=colour, label=label, height=0.62)
        ends = [end + value for end, value in zip(ends, values, strict=True)]
    for index, time in enumerate(times):
        picture.axes.text(ends[index], index, f"  {time.wall:.1f} s", va="center", fontsize=9)
    picture.axes.invert_yaxis()
    picture.axes.set_xlim(0, max(ends) * 1.1)
    picture.hide_spines("left")
    picture.legend(len(parts))
    return picture

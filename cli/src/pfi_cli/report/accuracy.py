"""The part of a report that only classifiers have: accuracy on held-out rows."""

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from pfi_cli.output.units import share_text
from pfi_cli.report.figures import ClientOutcome, Report, Spread

_COLUMNS = ("backbone, untrained head", "shared", "shared + personal")


def accuracy_finding(clients: Sequence[ClientOutcome]) -> Iterator[str]:
    """Says what share of held-out rows is predicted rightly, and for whom that became worse."""
    with_labels = [c for c in clients if c.accuracy_shared is not None]
    if not with_labels:
        return
    shared = sum(c.accuracy_shared or 0.0 for c in with_labels) / len(with_labels)
    backbone = sum(c.accuracy_backbone or 0.0 for c in with_labels) / len(with_labels)
    yield (
        f"The shared adapter predicts {share_text(shared)} of a client's held-out labels on "
        f"average; the backbone with an untrained head {share_text(backbone)}."
    )
    worse = [c.name for c in with_labels if (c.accuracy_shared or 0) < (c.accuracy_backbone or 0)]
    if worse:
        yield f"The shared adapter predicts labels WORSE than that for: {', '.join(worse)}."


def accuracy_lines(report: Report) -> Iterator[str]:
    """Writes the section of the Markdown; nothing for a language model."""
    if report.accuracies is None:
        return
    yield "## Accuracy on held-out rows"
    yield ""
    yield "Share of rows whose label is predicted."
    yield ""
    yield f"| client | {' | '.join(_COLUMNS)} |"
    yield "|---|---:|---:|---:|"
    for name, values in _rows(report):
        yield f"| {name} | {' | '.join(values)} |"
    yield ""


def accuracy_table(report: Report) -> Table | None:
    """Draws the same for a terminal."""
    if report.accuracies is None:
        return None
    table = Table(title="Share of each client's held-out rows whose label is predicted",
                  title_justify="left", title_style="bold", box=None, pad_edge=False,
                  header_style="bold")  # fmt: skip
    table.add_column("client")
    for heading in _COLUMNS:
        table.add_column(heading, justify="right")
    for name, values in _rows(report):
        table.add_row(escape(name), *values)
    return table


def _rows(report: Report) -> Iterator[tuple[str, list[str]]]:
    for client in report.clients:
        values = (client.accuracy_backbone, client.accuracy_shared, client.accuracy_personal)
        yield client.name, [share_text(value) for value in values]
    if report.accuracies is not None:
        means = report.accuracies
        yield (
            "mean ± deviation",
            [_spread(value) for value in (means.backbone, means.shared, means.personal)],
        )


def _spread(value: Spread | None) -> str:
    return "-" if value is None else f"{share_text(value.mean)} ± {share_text(value.deviation)}"

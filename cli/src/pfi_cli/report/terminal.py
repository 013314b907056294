"""The report on a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pfi_cli.report.accuracy import accuracy_table
from pfi_cli.report.answers import answer_table
from pfi_cli.report.client_columns import client_cells, client_headings
from pfi_cli.report.encodings import encoding_table
from pfi_cli.report.figures import Report, Spread
from pfi_cli.report.words import findings


def print_report(report: Report, console: Console) -> None:
    """Prints losses per client and what they mean."""
    console.print()
    console.print(_losses(report))
    console.print()
    for table in (accuracy_table(report), answer_table(report), encoding_table(report)):
        if table is not None:
            console.print(table)
            console.print()
    for sentence in findings(report):
        style = "red" if "WORSE" in sentence or "FAILED" in sentence else ""
        console.print(f"* {escape(sentence)}", style=style, soft_wrap=True)


def _losses(report: Report) -> Table:
    table = Table(
        title="Loss on each client's held-out rows (nats per "
        f"{'token' if report.accuracies is None else 'row'})",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    table.add_column("client")
    headings = client_headings(report)
    for heading in headings:
        table.add_column(heading)
    for heading in ("held-out rows", "backbone", "shared", "shared + personal"):
        table.add_column(heading, justify="right")
    for client in report.clients:
        shared = (
            f"[red]{client.shared:.3f}[/]" if client.shared_is_worse else f"{client.shared:.3f}"
        )
        personal = "-" if client.personal is None else f"{client.personal:.3f}"
        table.add_row(
            escape(client.name),
            *client_cells(report, client),
            str(client.held_out_rows),
            f"{client.backbone:.3f}",
            shared,
            personal,
        )
    losses = report.losses
    table.add_section()
    table.add_row(
        "mean ± deviation",
        *([""] * len(headings)),
        "",
        *map(_text, (losses.backbone, losses.shared, losses.personal)),
    )
    return table


def _text(value: Spread | None) -> str:
    return "-" if value is None else f"{value.mean:.3f} ± {value.deviation:.3f}"

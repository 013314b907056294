"""Findings of `pfi doctor` as a table."""

from collections import Counter
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from pfi_cli.doctor.findings import Finding, Status

_STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.PROBLEM: "bold red",
    Status.SKIPPED: "dim",
}


def findings_table(findings: Sequence[Finding]) -> Table:
    """A line for each finding, and below it what to do."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("state")
    table.add_column("check")
    table.add_column("what was found", ratio=1)
    for each in findings:
        style = _STYLES[each.status]
        name = f"{each.check} {each.subject}".strip()
        found = escape(each.found)
        if each.next_step and each.status is not Status.OK:
            found = f"{found}\n[dim]→ {escape(each.next_step)}[/]"
        table.add_row(f"[{style}]{each.status}[/]", escape(name), found)
    return table


def summary(findings: Sequence[Finding]) -> str:
    """How many findings there are of each kind."""
    counts = Counter(each.status for each in findings)
    return ", ".join(_counted(counts[status], status) for status in Status if counts[status])


def _counted(count: int, status: Status) -> str:
    plural = "s" if count > 1 and status in {Status.WARNING, Status.PROBLEM} else ""
    return f"{count} {status}{plural}"

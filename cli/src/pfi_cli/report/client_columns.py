"""Columns between a client and its losses: those that a run has, and no others."""

from pfi_cli.report.figures import ClientOutcome, Report


def client_headings(report: Report) -> list[str]:
    """Gives the headings: the line in a run with clusters, the class where a device said one."""
    classes = any(client.device_class for client in report.clients)
    return [*(["line"] if report.clusters else []), *(["device class"] if classes else [])]


def client_cells(report: Report, client: ClientOutcome) -> list[str]:
    """Gives a client's cells under these headings."""
    cells = {"line": client.line, "device class": client.device_class}
    return [cells[heading] for heading in client_headings(report)]

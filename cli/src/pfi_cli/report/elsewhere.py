"""Which clients' own records a report could not look at."""

from pfi_cli.report.figures import Report

_NAMED = 10


def elsewhere_sentence(report: Report) -> str:
    """Names clients whose agents' folders were not found; empty when there is none."""
    names = sorted(report.records_elsewhere)
    if not names:
        return ""
    left = len(names) - _NAMED
    more = f" and {left} more" if left > 0 else ""
    return (
        f"Reported from the stored evaluation alone: {', '.join(names[:_NAMED])}{more}. Their "
        "agents' folders are not below the state folder; if all lie on this machine, name each "
        "with --agents."
    )

"""What the pages of experiments share."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any


def spread(numbers: Sequence[float]) -> tuple[str, ...]:
    """Mean, standard deviation, lowest and highest, as cells of a table."""
    found = (
        statistics.fmean(numbers),
        statistics.stdev(numbers) if len(numbers) > 1 else 0.0,
        min(numbers),
        max(numbers),
    )
    return tuple(f"{number:.3f}" for number in found)


def where(document: Mapping[str, Any]) -> str:
    """Of what, on what, and how long it was measured."""
    machine = document["machine"]
    parts = [
        f"Commit {document['commit'][:12]}{document['commit'][40:]}",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        f"{document['seconds']} s in all",
        ", ".join(f"{name} {version}" for name, version in document["versions"].items()),
    ]
    return "; ".join(parts) + ".\n"

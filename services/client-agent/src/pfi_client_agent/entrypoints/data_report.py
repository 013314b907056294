"""What `pfi-agent data check` says of data."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.rows import label_of
from pfi_client_agent.domain.token_counts import TokenCounts

_SHOWN = 10


def data_document(data: LocalData, tokens: TokenCounts | None) -> dict[str, Any]:
    """Give everything that is known of data, without the text of any row."""
    return {
        "source": data.source,
        "files_read": data.files_read,
        "rows_read": data.rows_read,
        "rows": len(data.rows),
        "kinds": dict(data.kinds),
        "labels": _labels(data),
        "duplicates": data.duplicate_count,
        "bad_rows": data.bad_count,
        "first_bad_rows": [asdict(bad) for bad in data.bad_rows],
        "skipped_files": [asdict(skipped) for skipped in data.skipped_files],
        "tokens": None if tokens is None else asdict(tokens),
    }


def data_table(data: LocalData, tokens: TokenCounts | None) -> Table:
    """Draw the same for people."""
    table = Table(show_header=False, title=escape(data.source))
    table.add_column()
    table.add_column(overflow="fold")
    rows = {
        "rows to train on": f"{len(data.rows):,} distinct of {data.rows_read:,} read",
        "by kind": _counts(data.kinds),
        "labels": _counts(_labels(data)),
        "duplicates": f"{data.duplicate_count:,}",
        "bad rows": _lines(data.bad_count, [f"{bad.place} {bad.reason}" for bad in data.bad_rows]),
        "files skipped": _lines(
            len(data.skipped_files),
            [f"{skipped.file} {skipped.reason}" for skipped in data.skipped_files[:_SHOWN]],
        ),
    }
    if tokens is not None:
        rows["tokens"] = (
            f"{tokens.total:,}; a row has {tokens.median:,} (median), 95 of 100 at most "
            f"{tokens.percentile_95:,}, the longest {tokens.longest:,}"
        )
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table


def _labels(data: LocalData) -> dict[str, int]:
    labels = (label_of(row) for row in data.rows.values())
    return dict(Counter(label for label in labels if label is not None).most_common())


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{name}: {count:,}" for name, count in list(counts.items())[:_SHOWN]]
    more = f", and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    return ", ".join(shown) + more or "none"


def _lines(count: int, shown: list[str]) -> str:
    more = [f"and {count - len(shown):,} more"] if count > len(shown) else []
    return "\n".join([f"{count:,}", *shown, *more])

"""The part of a report about encodings: bytes of updates, and what encoding them lost."""

import statistics
from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from pfi_cli.api.runs import Member, Run
from pfi_cli.output.client_metrics import client_names
from pfi_cli.output.units import bytes_text, share_text
from pfi_cli.report.figures import EncodingOutcome, Report

ERROR_METRIC = "upload_encoding_error"
_FP32_BYTES = 4
_HEADINGS = ("encoding", "updates", "bytes an update", "of fp32", "error, mean", "error, highest")


def encoding_outcomes(run: Run, coordinate_count: int) -> list[EncodingOutcome]:
    """Summarises the committed updates of published rounds, by client and encoding.

    Args:
        run: The run.
        coordinate_count: Numbers in the shared adapter, which float32 writes with 4 bytes each.
    """
    uploads: dict[tuple[str, str], list[Member]] = {}
    for each in run.rounds:
        for member in each.cohort if each.state == "published" else ():
            if member.upload_encoding and member.payload_bytes:
                uploads.setdefault((member.client, member.upload_encoding), []).append(member)
    return [
        _outcome(name, client, encoding, members, coordinate_count)
        for client, name in client_names(run).items()
        for (of, encoding), members in sorted(uploads.items())
        if of == client
    ]


def _outcome(
    name: str, client: str, encoding: str, members: Sequence[Member], coordinate_count: int
) -> EncodingOutcome:
    errors = [m.metrics[ERROR_METRIC] for m in members if ERROR_METRIC in m.metrics]
    update_bytes = statistics.fmean(member.payload_bytes or 0 for member in members)
    return EncodingOutcome(
        client=client,
        name=name,
        encoding=encoding,
        updates=len(members),
        update_bytes=update_bytes,
        share_of_fp32=update_bytes / (_FP32_BYTES * coordinate_count),
        mean_error=statistics.fmean(errors) if errors else None,
        highest_error=max(errors) if errors else None,
    )


def encoding_finding(outcomes: Sequence[EncodingOutcome]) -> Iterator[str]:
    """Says how much smaller updates were, and what that lost; nothing of a run in fp32 alone."""
    names = sorted({outcome.encoding for outcome in outcomes})
    if not names or names == ["fp32"]:
        return
    updates = sum(outcome.updates for outcome in outcomes)
    share = sum(outcome.share_of_fp32 * outcome.updates for outcome in outcomes) / updates
    errors = [outcome.highest_error for outcome in outcomes if outcome.highest_error is not None]
    lost = f"; encoding lost at most {_error(max(errors))} of an update's norm" if errors else ""
    size = f"{share_text(share)} of the bytes of fp32"
    yield f"Updates travelled as {', '.join(names)} in {size}{lost}."


def encoding_lines(report: Report) -> Iterator[str]:
    """Writes the section of the Markdown; nothing when no encoding is known."""
    if not report.encodings:
        return
    yield "## Encodings of updates"
    yield ""
    yield (
        "Error: L2 norm of what the encoding lost, over that of the update. With random rounding "
        "it averages out over clients and rounds; with error feedback it is added to the client's "
        "next update."
    )
    yield ""
    yield f"| client | {' | '.join(_HEADINGS)} |"
    yield f"|---|---|{'---:|' * (len(_HEADINGS) - 1)}"
    for outcome in report.encodings:
        yield f"| {outcome.name} | {' | '.join(_values(outcome))} |"
    yield ""


def encoding_table(report: Report) -> Table | None:
    """Draws the same for a terminal; nothing of a run in fp32 alone."""
    if all(outcome.encoding == "fp32" for outcome in report.encodings):
        return None
    table = Table(title="Encodings of updates", title_justify="left", title_style="bold", box=None,
                  pad_edge=False, header_style="bold")  # fmt: skip
    table.add_column("client")
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if number else "left")
    for outcome in report.encodings:
        table.add_row(escape(outcome.name), *_values(outcome))
    return table


def _values(outcome: EncodingOutcome) -> tuple[str, ...]:
    return (
        outcome.encoding,
        str(outcome.updates),
        bytes_text(outcome.update_bytes),
        share_text(outcome.share_of_fp32),
        _error(outcome.mean_error),
        _error(outcome.highest_error),
    )


def _error(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"

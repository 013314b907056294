"""The report as text."""

from collections.abc import Iterator, Sequence

from pfi_cli.output.run_lines import in_line
from pfi_cli.output.units import bytes_text, seconds_text
from pfi_cli.report.accuracy import accuracy_finding, accuracy_lines
from pfi_cli.report.answers import answer_findings, answer_lines
from pfi_cli.report.client_columns import client_cells, client_headings
from pfi_cli.report.clusters import cluster_findings, cluster_section
from pfi_cli.report.compute import longest_overhead
from pfi_cli.report.encodings import encoding_finding, encoding_lines
from pfi_cli.report.figures import ClientOutcome, Report, SilentClient, Spread

PLOTS = {
    "loss_per_client.png": "Loss of each client on its own held-out rows at the end.",
    "loss_by_round.png": "Loss with each version of the shared adapter.",
    "bytes_per_round.png": "Payload of a round against full fine-tuning.",
    "round_time.png": "Where the time of each round went.",
}


def findings(report: Report) -> Iterator[str]:
    """Says in words what the numbers say, bad news included."""
    yield from cluster_findings(report)
    yield from _silent_finding(report.silent_clients)
    yield from _shared_finding(report.clients)
    yield from _personal_finding(report.clients)
    yield from accuracy_finding(report.clients)
    yield from answer_findings(report)
    traffic = report.traffic
    yield (
        f"A round moved {bytes_text(traffic.measured_bytes)}; full fine-tuning would move "
        f"{bytes_text(traffic.full_bytes)}, {traffic.times_less:,.0f} times as much."
    )
    yield from _left_out_finding(report)
    yield from encoding_finding(report.encodings)
    longest = longest_overhead(report.rounds)
    if longest is not None:
        yield (
            "Round overhead (wall time less the longest client's own training and evaluation) was "
            f"at most {seconds_text(longest)}."
        )
    reopened = [in_line(e.line, f"round {e.round}") for e in report.rounds if e.attempt > 1]
    if reopened:
        named = ", ".join(reopened)
        yield (
            f"{named[0].upper()}{named[1:]} was reopened and has no overhead: clients may have "
            "done its work in an earlier attempt."
        )


def _left_out_finding(report: Report) -> Iterator[str]:
    left_out = sum(each.left_out for each in report.rounds)
    if left_out:
        counted = sum(each.counted for each in report.rounds)
        yield (
            f"The aggregation rule left out {left_out} of {counted} counted updates; the signed "
            "lineage of each version names them."
        )


def _silent_finding(clients: Sequence[SilentClient]) -> Iterator[str]:
    if clients:
        named = ", ".join(f"{client.name} ({client.state})" for client in clients)
        yield f"Did not report at the end, so that no loss below is theirs: {named}."


def _shared_finding(clients: Sequence[ClientOutcome]) -> Iterator[str]:
    worse = [client for client in clients if client.shared_is_worse]
    if not worse:
        yield f"The shared adapter beats the backbone for all {len(clients)} clients that reported."
        return
    named = ", ".join(
        f"{client.name} ({client.shared:.3f} against {client.backbone:.3f})" for client in worse
    )
    yield (
        f"The shared adapter is WORSE than the backbone for {len(worse)} of {len(clients)} "
        f"clients: {named}."
    )


def _personal_finding(clients: Sequence[ClientOutcome]) -> Iterator[str]:
    with_personal = [client for client in clients if client.personal is not None]
    if not with_personal:
        return
    worse = [c.name for c in with_personal if c.personal is not None and c.personal > c.shared]
    if worse:
        yield f"The personal adapter makes it WORSE than shared alone for: {', '.join(worse)}."
    else:
        yield (
            "The personal adapter, which never left its client, improves on the shared one for "
            f"all {len(with_personal)} clients."
        )


def markdown(report: Report) -> str:
    """The whole report as Markdown."""
    parts = (
        _heading,
        _losses,
        accuracy_lines,
        answer_lines,
        cluster_section,
        _rounds,
        encoding_lines,
        _evidence,
    )
    return "\n".join(line for part in parts for line in part(report))


def _heading(report: Report) -> Iterator[str]:
    yield f"# Run {report.name}"
    yield ""
    yield (
        f"Run `{report.run}`, {report.created_at:%Y-%m-%d %H:%M:%S} to "
        f"{report.ended_at:%H:%M:%S %Z}: {len(report.clients)} clients, {len(report.rounds)} "
        f"rounds. Backbone of {report.parameter_count:,} parameters; shared adapter of "
        f"{report.coordinate_count:,} coordinates."
    )
    yield ""
    yield from (f"* {sentence}" for sentence in findings(report))
    yield ""


def _losses(report: Report) -> Iterator[str]:
    yield "## Loss on held-out rows"
    yield ""
    unit = "token" if report.accuracies is None else "row"
    yield f"Nats per {unit}, each client on rows of its own that were never trained on."
    yield ""
    headings = client_headings(report)
    heads, rule = "".join(f" {heading} |" for heading in headings), "---|" * len(headings)
    yield f"| client |{heads} held-out rows | backbone | shared | shared + personal |"
    yield f"|---|{rule}---:|---:|---:|---:|"
    for client in report.clients:
        mark = " (worse than backbone)" if client.shared_is_worse else ""
        own = "".join(f" {cell} |" for cell in client_cells(report, client))
        yield (
            f"| {client.name} |{own} {client.held_out_rows} | {client.backbone:.4f} | "
            f"{client.shared:.4f}{mark} | {_number(client.personal)} |"
        )
    losses = report.losses
    yield (
        f"| **mean ± deviation** |{' |' * len(headings)} | {_spread(losses.backbone)} | "
        f"{_spread(losses.shared)} | {_spread(losses.personal)} |"
    )
    yield ""
    yield "One run with one seed; the deviation is between clients, not between repetitions."
    yield ""
    yield f"![loss per client]({next(iter(PLOTS))})"
    yield ""
    yield "![loss by round](loss_by_round.png)"
    yield ""


def _rounds(report: Report) -> Iterator[str]:
    yield "## Rounds"
    yield ""
    yield "| round | counted | wall | longest work | overhead | merge | up | down |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for each in report.rounds:
        time = each.time
        yield (
            f"| {in_line(each.line, str(each.round))} | {each.counted} of {each.selected} | "
            f"{seconds_text(time.wall)} | "
            f"{seconds_text(time.longest_work)} | {_seconds(time.overhead)} | "
            f"{seconds_text(time.merge)} | {bytes_text(each.up_bytes)} | "
            f"{bytes_text(each.down_bytes)} |"
        )
    yield ""
    yield (
        "A round lasts from its opening to the opening of the next one, the last round to its "
        "published adapter."
    )
    yield ""
    yield (
        "Full fine-tuning is counted as every parameter in float32, up for each counted update and "
        "down for each client that reported its download. Bytes are payload, without the framing "
        "of the protocol; those of aborted attempts are not included, on either side."
    )
    yield ""
    yield "![bytes per round](bytes_per_round.png)"
    yield ""
    yield "![round time](round_time.png)"
    yield ""


def _evidence(report: Report) -> Iterator[str]:
    yield "## What this was computed from"
    yield ""
    yield (
        f"{len(report.adapters)} shared adapters were read back and match their digests; "
        f"{report.statements_verified} signatures of aggregator and coordinator verify; the "
        "counted updates that the aggregator signed for are those that the coordinator counted."
    )
    yield ""
    yield "| version | shared adapter | counted | bytes |"
    yield "|---:|---|---:|---:|"
    for adapter in report.adapters:
        yield (
            f"| {in_line(adapter.line, str(adapter.version))} | `{adapter.digest}` | "
            f"{adapter.counted} | {adapter.payload_bytes} |"
        )
    yield ""
    if not report.personal_adapters:
        yield "No personal adapter was checked: there is none, or it lies on another machine."
        return
    yield "| client | personal adapter | SHA-256 |"
    yield "|---|---|---|"
    for personal in report.personal_adapters:
        yield f"| {personal.name} | {personal.file} | `{personal.sha256}` |"


def _seconds(value: float | None) -> str:
    return "-" if value is None else seconds_text(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _spread(value: Spread | None) -> str:
    return "-" if value is None else f"{value.mean:.4f} ± {value.deviation:.4f}"

"""Clusters in a report: what each one reached, in values and in words."""

from collections.abc import Iterator, Sequence

from pfi_cli.api.runs import ClusterLine, Run
from pfi_cli.report.compute import loss_summary
from pfi_cli.report.figures import ClientOutcome, ClusterOutcome, PartitionOutcome, Report, Spread


def partition_outcome(run: Run) -> PartitionOutcome | None:
    """Reads how the clients were grouped; None for a run that asked for no clusters."""
    partition = run.partition
    if partition is None:
        return None
    return PartitionOutcome(
        probe_round=partition.probe_round,
        clusters=partition.clusters or 1,
        silhouette=partition.silhouette,
        reason=partition.reason,
    )


def cluster_outcomes(run: Run, clients: Sequence[ClientOutcome]) -> list[ClusterOutcome]:
    """Summarises the closing evaluation of each line."""
    return [
        _outcome(line, [client for client in clients if client.line == line.line])
        for line in run.lines
    ]


def _outcome(line: ClusterLine, clients: Sequence[ClientOutcome]) -> ClusterOutcome:
    return ClusterOutcome(
        line=line.line,
        state=line.state,
        members=line.members,
        version=line.version,
        reported=len(clients),
        losses=loss_summary(clients) if clients else None,
        failure=None if line.error is None else str(line.error.get("detail", "")),
    )


def cluster_findings(report: Report) -> Iterator[str]:
    """Says how the clients were grouped, and which group came to a bad end."""
    partition = report.partition
    if partition is None:
        return
    silhouette = "" if partition.silhouette is None else f" (silhouette {partition.silhouette:.2f})"
    if not report.clusters:
        yield f"No clusters were formed{silhouette}: {partition.reason}."
        return
    yield (
        f"The clients were grouped into {partition.clusters} clusters{silhouette} by their updates "
        f"of round {partition.probe_round}; below, shared is the adapter of a client's own line."
    )
    for cluster in report.clusters:
        if cluster.failure is not None:
            yield f"{cluster.line} FAILED and its clients have no loss below: {cluster.failure}."


def cluster_section(report: Report) -> Iterator[str]:
    """A table of the clusters, as Markdown."""
    if not report.clusters:
        return
    yield "## Clusters"
    yield ""
    yield "Mean ± deviation of the loss over the clients of a line that reported at the end."
    yield ""
    yield "| line | members | reported | version | backbone | shared | shared + personal |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for each in report.clusters:
        losses = each.losses
        values = (
            ("-", "-", "-")
            if losses is None
            else tuple(map(_text, (losses.backbone, losses.shared, losses.personal)))
        )
        counts = f"{each.members} | {each.reported} | {each.version}"
        yield f"| {each.line} | {counts} | {' | '.join(values)} |"
    yield ""


def _text(value: Spread | None) -> str:
    return "-" if value is None else f"{value.mean:.4f} ± {value.deviation:.4f}"

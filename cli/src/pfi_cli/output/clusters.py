"""Clusters of a run, in words and as a table."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pfi_cli.api.clusters import Cluster, Clusters
from pfi_cli.api.runs import Partition

_PLACED = {"probe": "probe round", "first_task": "first task"}


def partition_text(partition: Partition | None) -> str:
    """Says how the clients were grouped."""
    if partition is None:
        return "no clusters: the run has none, or its probe round is not published yet"
    if partition.state == "pending":
        return f"the clients are being grouped by their updates of round {partition.probe_round}"
    silhouette = "" if partition.silhouette is None else f", silhouette {partition.silhouette:.2f}"
    if partition.clusters == 1:
        return f"no clusters{silhouette}: {partition.reason}"
    return f"{partition.clusters} clusters since round {partition.probe_round}{silhouette}"


def print_clusters(clusters: Clusters, console: Console) -> None:
    """Prints how the clients were grouped, and a line for each member."""
    console.print(escape(partition_text(clusters.partition)), soft_wrap=True)
    if clusters.clusters:
        console.print(_table(clusters))


def _table(clusters: Clusters) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("line", "version", "client", "name", "placed by"):
        table.add_column(heading, no_wrap=True)
    for cluster in clusters.clusters:
        _add_members(table, cluster)
    for client in clusters.unplaced:
        table.add_row("[dim]none[/]", "", client, "", "")
    return table


def _add_members(table: Table, cluster: Cluster) -> None:
    for index, member in enumerate(cluster.members):
        head = (cluster.line, str(cluster.version)) if index == 0 else ("", "")
        placed = _PLACED.get(member.placed, member.placed)
        table.add_row(*head, member.client, escape(member.display_name), placed)

"""The clusters of a run as the admin API describes them."""

from collections.abc import Sequence

from pfi_cli.api.records import Record
from pfi_cli.api.runs import Partition


class ClusterMember(Record):
    """A client in a cluster, and what placed it there: `probe` or `first_task`."""

    client: str
    display_name: str = ""
    placed: str = ""

    @property
    def name(self) -> str:
        """Name for people."""
        return self.display_name or self.client


class Cluster(Record):
    """The members of a line, and its newest version."""

    line: str
    version: int = 0
    members: Sequence[ClusterMember] = ()


class Clusters(Record):
    """The clusters of a run, and clients that took part and are in none."""

    run: str
    partition: Partition | None = None
    clusters: Sequence[Cluster] = ()
    unplaced: Sequence[str] = ()

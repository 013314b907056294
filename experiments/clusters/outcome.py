"""What the two runs of one repetition gave, and how well groups were found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sklearn.metrics import adjusted_rand_score


@dataclass(frozen=True)
class ClientOutcome:
    """Mean token losses (nats) on the rows that a client held out from training.

    Attributes:
        client: Name of the client.
        group: Its planted group.
        line: The line that it ended on, in the run with clusters.
        loss_backbone: With the backbone alone.
        loss_global: With the adapter of all clients.
        loss_cluster: With the adapter of its cluster.
        loss_personal_global: With the personal adapter beside the one of all clients.
        loss_personal_cluster: With the personal adapter beside the one of its cluster.
    """

    client: str
    group: int
    line: str
    loss_backbone: float
    loss_global: float
    loss_cluster: float
    loss_personal_global: float
    loss_personal_cluster: float


@dataclass(frozen=True)
class Repetition:
    """One seed.

    Attributes:
        seed: The seed.
        adjusted_rand_index: Agreement of clusters with planted groups: 1 for the same partition, 0
            on average for a random one (Hubert and Arabie 1985, "Comparing partitions").
        clusters: Clusters found.
        silhouette: Of the partition, as the platform reports it.
        reason: What the platform says of it.
        clients: Each client.
    """

    seed: int
    adjusted_rand_index: float
    clusters: int
    silhouette: float | None
    reason: str
    clients: Sequence[ClientOutcome]

    def document(self) -> dict[str, Any]:
        """The outcome as JSON can hold it."""
        return asdict(self)


def repetition(
    seed: int, groups: Sequence[int], plain: Mapping[str, Any], clustered: Mapping[str, Any]
) -> Repetition:
    """Compares the two runs, as the admin API describes them.

    Args:
        seed: The seed.
        groups: Planted group of each client, by its number.
        plain: The run without clusters.
        clustered: The run with clusters.
    """
    without, found = _evaluation(plain), _evaluation(clustered)
    clients = [_client(number, group, without, found) for number, group in enumerate(groups)]
    lines = [client.line for client in clients]
    partition = clustered["partition"]
    return Repetition(
        seed=seed,
        adjusted_rand_index=float(adjusted_rand_score(list(groups), lines)),
        clusters=len(set(lines)),
        silhouette=partition["silhouette"],
        reason=partition["reason"],
        clients=clients,
    )


def _evaluation(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {entry["display_name"]: entry for entry in run["evaluation"]}


def _client(
    number: int,
    group: int,
    without: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Mapping[str, Any]],
) -> ClientOutcome:
    name = f"client-{number}"
    plain, clustered = without[name]["metrics"], found[name]["metrics"]
    return ClientOutcome(
        client=name,
        group=group,
        line=found[name]["line"],
        loss_backbone=plain["eval_loss_backbone"],
        loss_global=plain["eval_loss_shared"],
        loss_cluster=clustered["eval_loss_shared"],
        loss_personal_global=plain["eval_loss_personal"],
        loss_personal_cluster=clustered["eval_loss_personal"],
    )

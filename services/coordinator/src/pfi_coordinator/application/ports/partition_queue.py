"""The queue of jobs that group clients."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PartitionOrder:
    """What a worker needs to know.

    Attributes:
        run: Run id.
        digest: SHA-256 of everything else; it names the result, `partitions/<run>/<digest>.json`.
        clients: Client ids, in the order of the sketches.
        sketches: Base64 of their sketches, one after the other, float32 little-endian.
        count: Number of clusters; None for the one with the best silhouette.
        maximum_count: Most clusters that are tried.
        minimum_size: Fewest clients of a cluster.
        minimum_silhouette: Lowest silhouette to form clusters with.
        seed: Of everything random in the job.
    """

    run: str
    digest: str
    clients: tuple[str, ...]
    sketches: str
    count: int | None
    maximum_count: int
    minimum_size: int
    minimum_silhouette: float
    seed: int


class PartitionQueue(Protocol):
    """Takes orders; a worker leaves the result in artifacts."""

    async def send(self, order: PartitionOrder) -> None:
        """Queues an order. It may be repeated: the result of equal orders is the same.

        Raises:
            StoreUnavailableError: The broker does not answer.
        """
        ...

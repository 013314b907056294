"""What a partition of clients is a function of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.names import check_digest, check_name
from pfi_common.errors import PartitionFailedError

MAXIMUM_CLIENTS = 20_000
MINIMUM_COUNT = 2
MAXIMUM_COUNT = 64
_MATRIX = 2


@dataclass(frozen=True)
class PartitionName:
    """Where the result of a request is found.

    Attributes:
        run: Run id.
        digest: SHA-256 of everything else that was asked.

    Raises:
        InvalidRequestError: one of them breaks its rule.
    """

    run: str
    digest: str

    def __post_init__(self) -> None:
        check_name("run", self.run)
        check_digest("digest", self.digest)


@dataclass(frozen=True, eq=False)
class PartitionRequest:
    """Which clients are grouped, and how. Valid once made.

    Shapes: sketches (clients, dimensions).

    Attributes:
        clients: Client ids.
        sketches: One row for each client.
        count: Number of clusters; none for the one with the best silhouette.
        maximum_count: Most clusters, when no count is given.
        minimum_size: Fewest clients of a cluster.
        minimum_silhouette: Lowest silhouette to form clusters with.
        seed: Of the sample, below 2^64.

    Raises:
        PartitionFailedError: a value breaks its rule.
    """

    clients: tuple[str, ...]
    sketches: NDArray[np.float32]
    count: int | None
    maximum_count: int
    minimum_size: int
    minimum_silhouette: float
    seed: int

    def __post_init__(self) -> None:
        self._check_clients()
        if not (self.count is None or MINIMUM_COUNT <= self.count <= MAXIMUM_COUNT):
            raise _refuse(f"count must lie in {MINIMUM_COUNT} to {MAXIMUM_COUNT}")
        if not MINIMUM_COUNT <= self.maximum_count <= MAXIMUM_COUNT:
            raise _refuse(f"maximum_count must lie in {MINIMUM_COUNT} to {MAXIMUM_COUNT}")
        if self.minimum_size < 1:
            raise _refuse("minimum_size must be at least 1")
        if not -1 <= self.minimum_silhouette <= 1:
            raise _refuse("minimum_silhouette must lie in -1 to 1")
        if not 0 <= self.seed < 1 << 64:
            raise _refuse("seed must lie in 0 to 2^64 - 1")

    @property
    def fewest(self) -> int:
        """Fewest clusters to form."""
        return MINIMUM_COUNT if self.count is None else self.count

    @property
    def most(self) -> int:
        """Most clusters to form."""
        return self.maximum_count if self.count is None else self.count

    def _check_clients(self) -> None:
        if not 1 <= len(self.clients) <= MAXIMUM_CLIENTS:
            raise _refuse(f"There must be 1 to {MAXIMUM_CLIENTS} clients")
        if len(set(self.clients)) != len(self.clients):
            raise _refuse("A client is named twice")
        if self.sketches.ndim != _MATRIX or len(self.sketches) != len(self.clients):
            raise _refuse("There must be one sketch for each client")
        if not self.sketches.size or not np.isfinite(self.sketches).all():
            raise _refuse("A sketch is empty, or has a number that is not finite")


def _refuse(rule: str) -> PartitionFailedError:
    return PartitionFailedError(f"{rule}.")

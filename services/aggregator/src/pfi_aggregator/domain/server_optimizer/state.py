"""What a server optimiser remembers between rounds, and its bytes."""

import json
from dataclasses import dataclass

import numpy as np

from pfi_aggregator.domain.server_optimizer.base import Float64, ServerOptimizer
from pfi_common.errors import ArtifactCorruptError

_MAGIC = b"PFIOPT01"
_LENGTH_BYTES = 4


@dataclass(frozen=True)
class OptimizerState:
    """The moments of an optimiser.

    As bytes: `PFIOPT01`, the size of a JSON object as 4 bytes little-endian, that object with the
    keys coordinates, moments and optimizer in this order and without white space, then each moment
    as little-endian binary64. Equal states have equal bytes.

    Shapes: each moment (n,).
    """

    optimizer: str
    moments: tuple[Float64, ...]

    @classmethod
    def first(cls, optimizer: ServerOptimizer, coordinate_count: int) -> "OptimizerState":
        """Makes the state before the first round."""
        moments = tuple(np.full(coordinate_count, value) for value in optimizer.initial_moments)
        return cls(optimizer.name, moments)

    @classmethod
    def from_bytes(
        cls, data: bytes, optimizer: ServerOptimizer, coordinate_count: int
    ) -> "OptimizerState":
        """Reads a state and checks that it belongs to the optimiser and the schema.

        Raises:
            ArtifactCorruptError: it does not.
        """
        head = _head(optimizer.name, coordinate_count, len(optimizer.initial_moments))
        numbers = coordinate_count * len(optimizer.initial_moments)
        if not data.startswith(head) or len(data) != len(head) + 8 * numbers:
            message = "The stored optimiser state is of another optimiser or schema."
            raise ArtifactCorruptError(message)
        flat = np.frombuffer(data, dtype="<f8", offset=len(head)).astype(np.float64)
        moments = tuple(flat.reshape(len(optimizer.initial_moments), coordinate_count))
        return cls(optimizer.name, moments)

    def to_bytes(self) -> bytes:
        """Writes the state."""
        count = self.moments[0].size if self.moments else 0
        head = _head(self.optimizer, count, len(self.moments))
        return b"".join([head, *(moment.astype("<f8").tobytes() for moment in self.moments)])


def _head(optimizer: str, coordinate_count: int, moments: int) -> bytes:
    facts = {"coordinates": coordinate_count, "moments": moments, "optimizer": optimizer}
    text = json.dumps(facts, separators=(",", ":")).encode("ascii")
    return _MAGIC + len(text).to_bytes(_LENGTH_BYTES, "little") + text

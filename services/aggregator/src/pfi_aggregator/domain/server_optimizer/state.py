"""What a server optimiser remembers between rounds, and its bytes."""

import json

import numpy as np

from pfi_aggregator.domain.server_optimizer.base import Float64, ServerOptimizer
from pfi_common.errors import ArtifactCorruptError

_MAGIC = b"PFIOPT01"
_LENGTH_BYTES = 4
_ALIGNMENT = 8
_NUMBER_BYTES = 8


class OptimizerState:
    """The moments of an optimiser, in the bytes that are stored.

    The bytes are: `PFIOPT01`; the size of what follows up to the numbers, as 4 bytes little-endian;
    a JSON object with the keys coordinates, moments and optimizer in this order, without white
    space, then blanks until the numbers start at a multiple of 8; then each moment as little-endian
    binary64. Equal states have equal bytes.

    Attributes:
        data: The bytes; the moments are views of them.
        moments: Shapes: each (n,).
    """

    def __init__(self, data: bytearray, head_bytes: int, shape: tuple[int, int]) -> None:
        self.data = data
        numbers = np.frombuffer(data, dtype="<f8", offset=head_bytes).reshape(shape)
        self.moments: tuple[Float64, ...] = tuple(numbers)

    @classmethod
    def first(cls, optimizer: ServerOptimizer, coordinate_count: int) -> "OptimizerState":
        """Makes the state before the first round."""
        head, shape = _head(optimizer, coordinate_count), _shape(optimizer, coordinate_count)
        data = bytearray(len(head) + _NUMBER_BYTES * shape[0] * shape[1])
        data[: len(head)] = head
        state = cls(data, len(head), shape)
        for moment, value in zip(state.moments, optimizer.initial_moments, strict=True):
            moment[:] = value
        return state

    @classmethod
    def from_bytes(
        cls, data: bytes, optimizer: ServerOptimizer, coordinate_count: int
    ) -> "OptimizerState":
        """Reads a state and checks that it belongs to the optimiser and the schema.

        Raises:
            ArtifactCorruptError: it does not.
        """
        head, shape = _head(optimizer, coordinate_count), _shape(optimizer, coordinate_count)
        size_bytes = len(head) + _NUMBER_BYTES * shape[0] * shape[1]
        if not data.startswith(head) or len(data) != size_bytes:
            message = "The stored optimiser state is of another optimiser or schema."
            raise ArtifactCorruptError(message)
        return cls(bytearray(data), len(head), shape)


def _shape(optimizer: ServerOptimizer, coordinate_count: int) -> tuple[int, int]:
    return len(optimizer.initial_moments), coordinate_count


def _head(optimizer: ServerOptimizer, coordinate_count: int) -> bytes:
    facts = {
        "coordinates": coordinate_count,
        "moments": len(optimizer.initial_moments),
        "optimizer": optimizer.name,
    }
    text = json.dumps(facts, separators=(",", ":")).encode("ascii")
    text += b" " * (-(len(_MAGIC) + _LENGTH_BYTES + len(text)) % _ALIGNMENT)
    return _MAGIC + len(text).to_bytes(_LENGTH_BYTES, "little") + text

"""Between the shared adapter and the one of a client that trains another rank.

Both have one alpha, so an adapter of rank r acts with alpha / r and one of rank q with alpha / q.
That is settled once, in the factor B: the client's B counts as B * (r / q) in the shared adapter,
and the shared B is given to it as B * (q / r). Factor A and whole tensors of a head stay as they
are. Rows of A and columns of B beyond a client's rank are cut off on the way down and zero on the
way up (Cho et al. 2024, "Heterogeneous LoRA for Federated Fine-tuning of On-Device Foundation
Models", section 3).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import SchemaMismatchError
from pfi_common.tensors.lora import FACTOR_A, FACTOR_B, Placed, at_rank, placed_tensors
from pfi_common.tensors.schema import Schema

Number = TypeVar("Number", np.float32, np.int64)


class RankChange:
    """Carries vectors between a schema and the same one at another rank.

    Args:
        shared: Schema of the shared adapter.
        client: Schema of a client.

    Raises:
        SchemaMismatchError: the two differ in more than the rank.
    """

    def __init__(self, shared: Schema, client: Schema) -> None:
        if at_rank(shared, client.rank) != client:
            message = "The client's adapter differs from the shared one in more than its rank."
            raise SchemaMismatchError(message)
        self.shared = shared
        self.client = client
        self._pairs = tuple(zip(placed_tensors(shared), placed_tensors(client), strict=True))
        self._b = [small for _, small in self._pairs if small.tensor.name.endswith(FACTOR_B)]
        self._b_stops = [placed.stop for placed in self._b]

    def rescale(self, block: NDArray[np.float32], start: int) -> NDArray[np.float32]:
        """Gives a range of a client's update with B as it counts in the shared adapter.

        B * (shared rank / client rank), rounded once to float32.

        Args:
            block: Coordinates of the client's schema from `start` on.
            start: The first of them.

        Shapes: block and the result (n,); a new array unless nothing changes.
        """
        if self.shared.rank == self.client.rank:
            return block
        scaled, stop = block.copy(), start + block.size
        for placed in self._b[bisect_right(self._b_stops, start) :]:
            if placed.start >= stop:
                break
            part = slice(max(placed.start, start) - start, min(placed.stop, stop) - start)
            scaled[part] = _times(block[part], self.shared.rank, self.client.rank)
        return scaled

    def widen(self, small: NDArray[Number], into: NDArray[Number]) -> None:
        """Adds a client's vector to a shared one in place; what the client lacks gets nothing.

        Ranks must not fall: the client's is at most the shared one.

        Shapes: small (client coordinates,), into (shared coordinates,).
        """
        for wide, narrow in self._pairs:
            source, target = _matrix(small, narrow), _matrix(into, wide)
            target[: source.shape[0], : source.shape[1]] += source

    def narrow(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gives the client's part of a shared adapter: the leading rows of A and columns of B.

        B * (client rank / shared rank), rounded once to float32. The client's rank is at most the
        shared one.

        Shapes: vector (shared coordinates,), result (client coordinates,).
        """
        result = np.empty(self.client.coordinate_count, dtype=np.float32)
        for wide, narrow in self._pairs:
            target = _matrix(result, narrow)
            source = _matrix(vector, wide)[: target.shape[0], : target.shape[1]]
            if narrow.tensor.name.endswith(FACTOR_B):
                target[:] = _times(source, self.client.rank, self.shared.rank)
            else:
                target[:] = source
        return result


def _times(values: NDArray[np.float32], upper: int, lower: int) -> NDArray[np.float32]:
    """Gives values * (upper / lower) in float64, rounded to float32; too high ones are infinite."""
    # Whoever needs the result finite looks at it; widening a signalling NaN raises a flag.
    with np.errstate(over="ignore", invalid="ignore"):
        return (values.astype(np.float64) * upper / lower).astype(np.float32)


def _matrix(vector: NDArray[Number], placed: Placed) -> NDArray[Number]:
    """Gives a tensor as the matrix whose rank is a side: A as (rank, rest), B as (rest, rank)."""
    shape = placed.tensor.shape
    flat = vector[placed.start : placed.stop]
    if placed.tensor.name.endswith(FACTOR_A):
        return flat.reshape(shape[0], -1)
    return flat.reshape(-1, shape[-1])

"""The pairs of LoRA factors in a flat vector, and the same adapter at another rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors import schema_rules as rules
from pfi_common.tensors.schema import Schema, Tensor

FACTOR_A = ".lora_A.weight"
FACTOR_B = ".lora_B.weight"


@dataclass(frozen=True)
class Placed:
    """A tensor and where it lies in the flat vector.

    Attributes:
        tensor: The tensor.
        start: Its first coordinate.
    """

    tensor: Tensor
    start: int

    @property
    def stop(self) -> int:
        """The coordinate after its last."""
        return self.start + self.tensor.coordinate_count


@dataclass(frozen=True)
class LoraModule:
    """One adapted module: its weight changes by (alpha / rank) * B A.

    Attributes:
        name: Common part of the factors' names.
        a: Factor A. Shapes: (rank, in).
        b: Factor B. Shapes: (out, rank).
    """

    name: str
    a: Placed
    b: Placed


def placed_tensors(schema: Schema) -> tuple[Placed, ...]:
    """Gives every tensor with its place, in schema order."""
    placed, start = [], 0
    for tensor in schema.tensors:
        placed.append(Placed(tensor, start))
        start += tensor.coordinate_count
    return tuple(placed)


def lora_modules(schema: Schema) -> tuple[LoraModule, ...]:
    """Finds the pairs of factors, by name.

    Raises:
        SpecInvalidError: a factor has no partner, or its shape is not of the schema's rank.
    """
    by_name = {placed.tensor.name: placed for placed in placed_tensors(schema)}
    stems = sorted({_stem(name) for name, placed in by_name.items() if placed.tensor.is_lora})
    return tuple(_module(stem, by_name, schema.rank) for stem in stems)


def at_rank(schema: Schema, rank: int) -> Schema:
    """Gives the schema with factors of another rank and the same alpha; other tensors stay.

    Raises:
        SpecInvalidError: the rank is out of range.
    """
    tensors = tuple(Tensor(tensor.name, _shape_at(tensor, rank)) for tensor in schema.tensors)
    return Schema(tensors, rank, schema.alpha, schema.target_modules, schema.task)


def view(vector: NDArray[np.float32], placed: Placed) -> NDArray[np.float32]:
    """Gives a tensor of a flat vector.

    Shapes: the tensor's, a view.
    """
    return vector[placed.start : placed.stop].reshape(placed.tensor.shape)


def _stem(name: str) -> str:
    return name.removesuffix(FACTOR_A).removesuffix(FACTOR_B)


def _module(stem: str, by_name: dict[str, Placed], rank: int) -> LoraModule:
    a, b = by_name.get(stem + FACTOR_A), by_name.get(stem + FACTOR_B)
    fitting = (
        a is not None
        and b is not None
        and len(a.tensor.shape) == len(b.tensor.shape) == 2  # noqa: PLR2004 - matrices
        and a.tensor.shape[0] == b.tensor.shape[1] == rank
    )
    if a is None or b is None or not fitting:
        raise rules.refuse(f"tensors.{stem}", "needs one factor A (rank, in) and one B (out, rank)")
    return LoraModule(stem, a, b)


def _shape_at(tensor: Tensor, rank: int) -> tuple[int, ...]:
    if tensor.name.endswith(FACTOR_A):
        return (rank, *tensor.shape[1:])
    if tensor.name.endswith(FACTOR_B):
        return (*tensor.shape[:-1], rank)
    return tensor.shape

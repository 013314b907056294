"""What a classifier's run says, and where its head begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_client_agent.domain.rows import Row, label_of
from pfi_common.tensors import SEQUENCE_CLASSIFICATION, Schema, Tensor, initial_adapter, unflatten

HeadValues = Mapping[str, NDArray[np.float32]]
"""Tensors of a head by name."""


@dataclass(frozen=True)
class Classification:
    """What a classifier tells apart.

    Attributes:
        labels: Labels in the order of the head's outputs.
        head_is_personal: True: the head stays on this device, beside the personal adapter.
        head_seed: Seed of the untrained head.
    """

    labels: tuple[str, ...]
    head_is_personal: bool
    head_seed: int

    def knows(self, row: Row) -> bool:
        """Tell whether a row has one of the labels."""
        return label_of(row) in self.labels

    def untrained_head(self, tensors: Sequence[Tensor]) -> HeadValues:
        """Give the values that a head begins with, on every device of the run the same.

        They are those of version 0 of a shared head: each tensor's stream depends on the seed and
        its name alone.
        """
        schema = Schema(tuple(tensors), 1, 1, ("head",), SEQUENCE_CLASSIFICATION)
        return unflatten(schema, initial_adapter(schema, self.head_seed))

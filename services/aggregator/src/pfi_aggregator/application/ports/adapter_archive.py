"""Adapters for other programs."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors import Schema


@dataclass(frozen=True)
class AdapterOrigin:
    """Where an exported adapter comes from.

    Attributes:
        adapter_digest: Digest of the adapter.
        backbone_model: Id or path of the backbone, as the run names it.
        backbone_revision: Its revision; none when the run names none.
    """

    adapter_digest: str
    backbone_model: str
    backbone_revision: str | None


class AdapterArchive(Protocol):
    """Writes adapters as PEFT folders."""

    def build(self, schema: Schema, vector: NDArray[np.float32], origin: AdapterOrigin) -> bytes:
        """Gives the folder as an archive; equal arguments give equal bytes.

        Shapes: vector (n,).
        """
        ...

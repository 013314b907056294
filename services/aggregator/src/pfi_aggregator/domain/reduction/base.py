"""What a reduction is: work on all counted updates that workers do in independent pieces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord


class UpdateReader(Protocol):
    """Reads the counted updates of a sealed round, and the adapter that they start from."""

    def record(self, update: CountedUpdate) -> UpdateRecord:
        """Gives what an update says of itself.

        Raises:
            ArtifactCorruptError: its file cannot be read.
        """
        ...

    def read(self, update: CountedUpdate, start: int, stop: int) -> NDArray[np.float32]:
        """Gives coordinates of an update, clipped: x * (clip factor / 2^24), rounded once.

        They are those of the update's own schema, which its ticket names.
        Any `start` will do; a multiple of 256 reads no byte in vain.

        Shapes: (stop - start,), a new array.

        Raises:
            ArtifactCorruptError: its file cannot be read.
        """
        ...

    def base(self, start: int, stop: int) -> NDArray[np.float32]:
        """Gives coordinates of the adapter that clients started from; see `reads_base`.

        Shapes: (stop - start,), a view.
        """
        ...


@dataclass(frozen=True, eq=False)
class Reduced:
    """What a reduction leads to: a change, or which updates are to be averaged exactly.

    Attributes:
        delta: The change of the shared adapter; none when `weights` is given.
        weights: Weight of each selected task, in units of 2^-8 examples, for the exact merge; none
            when `delta` is given.
        left_out: Tasks that the rule left out, sorted.
        discarded_energy: Share of the squared norm that recompression discarded, 0 to 1.
    """

    delta: NDArray[np.float32] | None = None
    weights: Mapping[str, int] | None = None
    left_out: tuple[str, ...] = ()
    discarded_energy: float = 0.0


class Completion(Protocol):
    """Puts the pieces together, in memory that does not grow with their number."""

    def add(self, piece: int, body: memoryview) -> None:
        """Takes a piece's result. Pieces come once each, from 0 on; `body` is not kept.

        Raises:
            ArtifactCorruptError: the bytes are not such a result.
        """
        ...

    def finish(self) -> Reduced:
        """Gives the outcome; nothing is added afterwards."""
        ...


class Reduction(Protocol):
    """The reduction of one round: a function of plan and counted set.

    Attributes:
        reads_base: Whether pieces read the base adapter.
    """

    reads_base: ClassVar[bool]

    @property
    def piece_count(self) -> int:
        """How many pieces there are, at least 1."""
        ...

    def reduce(self, piece: int, updates: UpdateReader) -> bytes:
        """Computes one piece, 0 <= piece < piece_count: equal bytes whenever and wherever."""
        ...

    def completion(self) -> Completion:
        """Starts to put pieces together."""
        ...

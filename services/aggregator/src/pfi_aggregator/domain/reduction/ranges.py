"""How the coordinates of an adapter are cut: into pieces for workers, and those into tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

from pfi_common.tensors import RANGE_BLOCK

_PIECE_BYTES = 256 << 20
_TILE_BYTES = 32 << 20
_TILE_STEP = 256
"""Coordinates that every encoding keeps together."""
_COORDINATE_BYTES = 4


@dataclass(frozen=True)
class Ranges:
    """Ranges of coordinates whose float32 values, of all rows, fit a fixed room.

    The cut depends on the numbers alone, never on the machine, so that sums over ranges have the
    same order everywhere.

    Attributes:
        coordinate_count: Coordinates of the adapter.
        rows: Vectors that are read beside each other.
        most: Most pieces to cut into.
    """

    coordinate_count: int
    rows: int
    most: int = 1 << 20

    @property
    def piece_count(self) -> int:
        """How many pieces there are."""
        return -(-self.coordinate_count // self._piece_size)

    def piece(self, number: int) -> tuple[int, int]:
        """Gives the first coordinate of a piece and the one after its last."""
        start = number * self._piece_size
        return start, min(start + self._piece_size, self.coordinate_count)

    def tiles(self, number: int) -> Iterator[tuple[int, int]]:
        """Gives the tiles of a piece, in order: about 32 MiB of values each."""
        first, last = self.piece(number)
        for start in range(first, last, self._tile_size):
            yield start, min(start + self._tile_size, last)

    @property
    def _piece_size(self) -> int:
        wanted = _PIECE_BYTES // (_COORDINATE_BYTES * self.rows)
        fewest = -(-self.coordinate_count // self.most)
        return max(_whole(wanted, RANGE_BLOCK), -(-fewest // RANGE_BLOCK) * RANGE_BLOCK)

    @property
    def _tile_size(self) -> int:
        return _whole(_TILE_BYTES // (_COORDINATE_BYTES * self.rows), _TILE_STEP)


def _whole(size: int, step: int) -> int:
    """Rounds down to a multiple of the step, at least one."""
    return max(size // step, 1) * step

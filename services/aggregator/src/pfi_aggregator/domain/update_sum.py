"""One update in the sums of its round while its bytes still arrive."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.counting import check_limit
from pfi_common.tensors import FULL_CLIP_FACTOR, Accumulator


class UpdateSum:
    """Adds an update block by block, and takes it back when it does not come to count.

    Integers are summed, so whoever takes back the same blocks leaves the sums as they were.

    Attributes:
        weight_units: What it will count with.

    Args:
        sums: Of the updates of its schema.
        weight_units: As above.
        limit: Highest |coordinate| that may count.
        complete: Is told the weight when all of it counts.
    """

    def __init__(
        self,
        sums: Accumulator,
        weight_units: int,
        limit: float,
        complete: Callable[[int], None],
    ) -> None:
        self._sums = sums
        self.weight_units = weight_units
        self._limit = limit
        self._complete = complete

    def check(self, highest: float) -> None:
        """Checks a block before it is added.

        Raises:
            CoordinateLimitExceededError: a coordinate is above the limit.
        """
        check_limit(highest, FULL_CLIP_FACTOR, self._limit)

    def add(self, block: NDArray[np.float32], start: int) -> None:
        """Adds a block that was checked; shapes: block (n,), from coordinate `start` on."""
        self._sums.add_part(block, start, self.weight_units)

    def take_back(self, block: NDArray[np.float32], start: int) -> None:
        """Takes back a block that was added; shapes: as there."""
        self._sums.add_part(block, start, -self.weight_units)

    def complete(self) -> None:
        """Counts the update, all of which was added."""
        self._sums.complete(self.weight_units)
        self._complete(self.weight_units)

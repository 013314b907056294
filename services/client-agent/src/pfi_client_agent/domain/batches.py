"""The order in which rows are trained on: a function of the seed alone."""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def derived_seed(seed: int, purpose: str) -> int:
    """Derive an independent 64-bit seed for one purpose from a task's seed."""
    hashed = hashlib.sha256(seed.to_bytes(8, "little") + purpose.encode("ascii")).digest()
    return int.from_bytes(hashed[:8], "little")


def batch_order(row_count: int, batch_size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield row numbers of one micro-batch after the other, without end.

    Every pass over the rows has an order of its own; a batch may reach over the end of a pass.

    Shapes:
        each batch: (batch_size,)

    Args:
        row_count: Number of rows, at least 1.
        batch_size: Rows of a micro-batch, at least 1.
        seed: Seed of the order, below 2^64.
    """
    waiting = np.empty(0, np.int64)
    # Raw words of the counter-based generator stay the same over numpy versions; `permutation`
    # does not promise that.
    words = np.random.Philox(key=seed)
    while True:
        while len(waiting) < batch_size:
            order = np.argsort(words.random_raw(row_count), kind="stable")
            waiting = np.concatenate([waiting, order])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]

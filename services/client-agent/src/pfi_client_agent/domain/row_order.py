"""The order in which rows are trained on: a function of the seed alone."""

import hashlib
from collections.abc import Iterator

import numpy as np


def derived_seed(seed: int, purpose: str) -> int:
    """Derive an independent 64-bit seed for one purpose from a task's seed."""
    hashed = hashlib.sha256(seed.to_bytes(8, "little") + purpose.encode("ascii")).digest()
    return int.from_bytes(hashed[:8], "little")


def row_order(row_count: int, seed: int) -> Iterator[int]:
    """Yield row numbers without end; every pass visits each row once, in an order of its own.

    Args:
        row_count: Number of rows, at least 1.
        seed: Seed of the order, below 2^64.
    """
    # Raw words of the counter-based generator stay the same over numpy versions; `permutation`
    # does not promise that.
    words = np.random.Philox(key=seed)
    while True:
        yield from np.argsort(words.random_raw(row_count), kind="stable").tolist()

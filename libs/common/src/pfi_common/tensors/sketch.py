"""Sketches of updates: few numbers that keep the angle between two updates, up to noise.

A count sketch (Charikar et al. 2002, "Finding Frequent Items in Data Streams"), used for inner
products as in Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning": each
coordinate i has a bucket h(i) and a sign s(i), and number b of the sketch is the sum of s(i) * x_i
over the coordinates with h(i) = b. With m numbers, the inner product of the sketches of x and y has
the mean <x, y> and a variance of at most (|x|^2 |y|^2 + <x, y>^2) / m (there, lemma 2), so a cosine
of 64 numbers has a deviation of at most sqrt((1 + cosine^2) / 64): 0.125 for unrelated updates.

Coordinate i of the flat vector takes word i of the stream `random_words`, domain `pfi sketch v1`
(no name): its bucket is ((word >> 32) * m) >> 32, its sign is minus when the word is odd.

The coordinates of `....lora_A.weight` count as zero: the B factors and heads carry what tells
clients apart. A begins at random values that all clients share and moves only through B, so that
the changes of A are more alike across groups. FedLEASE (Wang et al. 2025, "Adaptive LoRA Experts
Allocation and Selection for Federated Fine-Tuning", section 3.2) compares B alone for the same
reason; docs/adr/0009-sketches-leave-out-the-a-factors.md has our measurement.

Sums are binary64: inside a block of 65,536 coordinates from coordinate 0 in the order of the
coordinates, then block after block; rounded once to float32. A sum beyond float32 becomes its
highest finite value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.encoding import RANGE_BLOCK
from pfi_common.tensors.random_words import WordStream
from pfi_common.tensors.schema import Schema

MAXIMUM_DIMENSIONS = 4096
_DOMAIN = "pfi sketch v1"
_HIGHEST = float(np.finfo(np.float32).max)
_HALF_WORD = np.uint64(32)


class Sketcher:
    """Sketches one update from its blocks, in memory that does not grow with the update.

    Args:
        schema: What the update consists of.
        seed: From 0 to 2^64 - 1; only sketches of one seed can be compared.
        dimensions: Numbers in the sketch, from 1 to 4096.

    Raises:
        ValueError: seed or dimensions are out of range.
    """

    def __init__(self, schema: Schema, seed: int, dimensions: int) -> None:
        if not 1 <= dimensions <= MAXIMUM_DIMENSIONS:
            message = f"a sketch has 1 to {MAXIMUM_DIMENSIONS} numbers, not {dimensions}"
            raise ValueError(message)
        self._words = WordStream(_DOMAIN, seed)
        self._silent = _silent_ranges(schema)
        self._sums = np.zeros(dimensions, dtype=np.float64)
        self._start = 0

    def add(self, block: NDArray[np.float32]) -> None:
        """Takes the next block: 65,536 coordinates, fewer only in the last one.

        Shapes: (block,).
        """
        values = block.astype(np.float64)
        for start, stop in self._silent:
            values[max(start - self._start, 0) : max(stop - self._start, 0)] = 0.0
        words = self._words.take(block.size)
        np.negative(values, out=values, where=(words & np.uint64(1)).astype(np.bool_))
        dimensions = self._sums.size
        buckets = ((words >> _HALF_WORD) * np.uint64(dimensions)) >> _HALF_WORD
        self._sums += np.bincount(buckets.astype(np.int64), values, dimensions)
        self._start += block.size

    def values(self) -> NDArray[np.float32]:
        """Gives the sketch of what was added.

        Shapes: (dimensions,).
        """
        return np.clip(self._sums, -_HIGHEST, _HIGHEST).astype(np.float32)


def sketch(
    vector: NDArray[np.float32], schema: Schema, seed: int, dimensions: int
) -> NDArray[np.float32]:
    """Sketches a whole update; see `Sketcher`.

    Shapes: vector (coordinate_count,), result (dimensions,).

    Raises:
        ValueError: seed or dimensions are out of range.
    """
    sketcher = Sketcher(schema, seed, dimensions)
    for start in range(0, vector.size, RANGE_BLOCK):
        sketcher.add(vector[start : start + RANGE_BLOCK])
    return sketcher.values()


def _silent_ranges(schema: Schema) -> list[tuple[int, int]]:
    """Finds the coordinates that do not count."""
    ranges = []
    start = 0
    for tensor in schema.tensors:
        stop = start + tensor.coordinate_count
        if tensor.name.endswith(".lora_A.weight"):
            ranges.append((start, stop))
        start = stop
    return ranges

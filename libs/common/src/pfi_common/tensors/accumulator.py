"""The sums of a round, in numpy, at the speed of memory rather than of conversions.

`fixed_point.accumulate` says what an update counts as; here the same bits come with three passes
over pieces that stay in the cache. Adding 1.5 * 2^(52-k) to a coordinate x in binary64 rounds it to
a multiple of 2^-k, ties to even, and leaves q = rint(x * 2^k) in the low bits of the sum's own
representation: read as an integer, it is q plus a constant. That holds while |q| < 2^51; an update
that may be higher is added by `accumulate`. The integer is multiplied by the weight w and added,
all modulo 2^64. The constants, w times the same number at every coordinate, are taken out once, at
the end.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.fixed_point import CLIP_FACTOR_BITS, FULL_CLIP_FACTOR, accumulate
from pfi_common.tensors.kept_memory import KeptMemory

_PIECE = 1 << 15  # coordinates at a time: all that is touched fits the second-level cache
_HIGHEST_INTEGER = 2.0**51 - 1
_FRACTION_BITS = 52
_HIGHEST_FRACTION_BITS = 126  # as for the mean
_WORD = 1 << 64


class Accumulator:
    """Adds updates, each as a whole.

    Several threads may add one each; reading and decoding then run beside each other.

    Args:
        count: Coordinates of an update.
        fraction_bits: k of the round's arithmetic.
        memory: Where the sums lie; new memory unless given.
    """

    def __init__(self, count: int, fraction_bits: int, memory: KeptMemory | None = None) -> None:
        self._sums = (memory or KeptMemory()).zeros(count)
        self._fraction_bits = fraction_bits
        self._bias = 0
        self._adding = threading.Lock()
        self._rounded = np.empty(min(_PIECE, count), dtype=np.float64)

    def add(
        self,
        ranges: Iterable[NDArray[np.float32]],
        clip_factor: int,
        weight_units: int,
        highest: float,
    ) -> None:
        """Adds one update; a negative weight takes it back.

        Args:
            ranges: The coordinates from the first to the last, cut anywhere; each range is read
                before the next is asked for.
            clip_factor: Over 2^24.
            weight_units: Its weight.
            highest: Highest |coordinate|, before the clip. Were one higher, the sums would be
                wrong without an error: who adds what was stored also verifies what was read.

        Raises:
            PayloadNotFiniteError: as `accumulate`. After this, or any error of `ranges`, the sums
                are spoilt.
            ValueError: the ranges are not `count` coordinates together.
        """
        fast = self._is_low(clip_factor, highest)
        start = 0
        for coordinates in ranges:
            sums = self._sums[start : start + coordinates.size]
            with self._adding:
                if fast:
                    self._add_biased(sums, coordinates, clip_factor, weight_units)
                else:
                    accumulate(sums, coordinates, clip_factor, weight_units, self._fraction_bits)
            start += coordinates.size
        if start != self._sums.size:
            message = f"an update has {self._sums.size} coordinates, not {start}"
            raise ValueError(message)
        if fast:
            self.complete(weight_units)

    def can_add_parts(self, highest: float) -> bool:
        """Whether updates up to this |coordinate|, and without a clip, can be added in parts."""
        return self._is_low(FULL_CLIP_FACTOR, highest)

    def add_part(self, coordinates: NDArray[np.float32], start: int, weight_units: int) -> None:
        """Adds some coordinates of an update; the negative weight takes them back.

        When all have been added, `complete` ends the update; the sums are right then, and when all
        that was added has been taken back.

        Shapes: coordinates (n,), from the one of number `start` on.

        Args:
            coordinates: As they count, and no higher than `can_add_parts` was asked for.
            start: The first of them.
            weight_units: The update's weight.
        """
        sums = self._sums[start : start + coordinates.size]
        with self._adding:
            self._add_biased(sums, coordinates, FULL_CLIP_FACTOR, weight_units)

    def complete(self, weight_units: int) -> None:
        """Ends an update whose coordinates have all been added."""
        with self._adding:
            self._bias = (self._bias + weight_units * _integer(self._magic)) % _WORD

    def take(self) -> NDArray[np.int64]:
        """Gives the sums, while no one adds; they are the accumulator's own and shared with it.

        Shapes: (count,).
        """
        if self._bias:
            words = self._sums.view(np.uint64)
            words -= np.uint64(self._bias)
            self._bias = 0
        return self._sums

    @property
    def _magic(self) -> float:
        return math.ldexp(1.5, _FRACTION_BITS - self._fraction_bits)

    def _is_low(self, clip_factor: int, highest: float) -> bool:
        """Whether no integer of an update reaches 2^51; exact, since the product is."""
        if not 0 <= self._fraction_bits <= _HIGHEST_FRACTION_BITS:
            return False
        scale = math.ldexp(clip_factor, self._fraction_bits - CLIP_FACTOR_BITS)
        return highest * scale <= _HIGHEST_INTEGER

    def _add_biased(
        self,
        sums: NDArray[np.int64],
        coordinates: NDArray[np.float32],
        clip_factor: int,
        weight_units: int,
    ) -> None:
        if sums.shape != coordinates.shape:
            message = "the ranges of an update have more coordinates than the sums"
            raise ValueError(message)
        for start in range(0, coordinates.size, _PIECE):
            piece = coordinates[start : start + _PIECE]
            target = sums[start : start + _PIECE]
            rounded = self._rounded[: piece.size]
            if clip_factor == FULL_CLIP_FACTOR:
                np.add(piece, self._magic, out=rounded, dtype=np.float64)
            else:
                factor = math.ldexp(clip_factor, -CLIP_FACTOR_BITS)
                np.multiply(piece, factor, out=rounded, dtype=np.float64)
                rounded += self._magic
            integers = rounded.view(np.int64)
            integers *= weight_units
            target += integers


def _integer(value: float) -> int:
    """Gives the bits of a float as an integer."""
    return int(np.float64(value).view(np.int64))

"""The merge: order-free, bit-reproducible sums in 64-bit fixed point.

A coordinate x of an update with clip factor c and weight w counts as w * q with q = rint(x * (c /
2^24) * 2^k), one rounding; sums of integers do not depend on order, cutting or sharding, and can be
taken back exactly. With |x| <= C after the clip, at most N updates and weights of at most W units,
k = 62 - ceil(log2(C * N * W)) keeps every sum within an int64. The weighted mean sum(w * q) /
(sum(w) * 2^k) differs from the exact one by at most 2^-(k+1) a coordinate, before the one rounding
to float32 (`exact_mean`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import PayloadNotFiniteError

CLIP_FACTOR_BITS = 24
FULL_CLIP_FACTOR = 1 << CLIP_FACTOR_BITS
"""Clip factor of an update that is not clipped."""
WEIGHT_BITS = 8
WEIGHT_UNITS_PER_EXAMPLE = 1 << WEIGHT_BITS
_RANGE_BITS = 62
_PIECE = 1 << 13  # coordinates at a time: scratch arrays stay in the cache and in the heap
_SMALLEST_LIMIT = 2.0**-40


@dataclass(frozen=True)
class FixedPoint:
    """Arithmetic of one round.

    Attributes:
        fraction_bits: k; a coordinate x counts as rint(x * 2^k).
        coordinate_limit: C, the highest |coordinate| after the clip.
        maximum_weight_units: W, the highest weight of an update in units of 2^-8 examples.
        maximum_updates: N, the most updates that may be counted.
    """

    fraction_bits: int
    coordinate_limit: float
    maximum_weight_units: int
    maximum_updates: int

    @property
    def resolution(self) -> float:
        """The step 2^-k between two values that an update's coordinate can count as."""
        return math.ldexp(1.0, -self.fraction_bits)

    @property
    def is_fine_enough(self) -> bool:
        """Whether the step is at most 2^-24 of the coordinate limit, the precision of float32."""
        return self.resolution <= math.ldexp(self.coordinate_limit, -24)


def plan_fixed_point(coordinate_limit: float, maximum_updates: int, max_weight: int) -> FixedPoint:
    """Chooses k so that the sum of every permitted set of updates stays below 2^63.

    Args:
        coordinate_limit: C, at least 2^-40.
        maximum_updates: N, at least 1.
        max_weight: Highest weight in examples, at least 1; W = 2^8 * max_weight.

    Raises:
        ValueError: an argument is out of range.
    """
    if not (math.isfinite(coordinate_limit) and coordinate_limit >= _SMALLEST_LIMIT):
        message = f"coordinate_limit must be finite and at least 2^-40, not {coordinate_limit}"
        raise ValueError(message)
    if maximum_updates < 1 or max_weight < 1:
        message = "maximum_updates and max_weight must be at least 1"
        raise ValueError(message)
    units = max_weight * WEIGHT_UNITS_PER_EXAMPLE
    highest_sum = Fraction(coordinate_limit) * maximum_updates * units
    return FixedPoint(
        _RANGE_BITS - _ceil_log2(highest_sum), coordinate_limit, units, maximum_updates
    )


def count_weight(example_count: int, maximum_weight_units: int) -> int:
    """Gives the weight of an update in units of 2^-8 examples, capped."""
    return min(example_count * WEIGHT_UNITS_PER_EXAMPLE, maximum_weight_units)


def clip_factor(norm: float, clip_norm: float | None) -> int:
    """Gives the factor over 2^24 that brings an update's L2 norm down to `clip_norm`.

    floor(clip_norm / norm * 2^24), computed exactly; 2^24 when the norm is not above `clip_norm`,
    or when that is None or 0 (no clip).
    """
    if not clip_norm or norm <= clip_norm:
        return FULL_CLIP_FACTOR
    return math.floor(Fraction(clip_norm) / Fraction(norm) * FULL_CLIP_FACTOR)


def accumulate(
    accumulator: NDArray[np.int64],
    vector: NDArray[np.float32],
    clip_factor: int,
    weight_units: int,
    fraction_bits: int,
) -> None:
    """Adds one update (or the same range of accumulator and update) in place.

    The sum stays exact as long as the update keeps the limits that `fraction_bits` was planned for:
    the caller checks them at commit.

    Shapes: both (n,).

    Raises:
        PayloadNotFiniteError: a coordinate is NaN, infinite or too high for 64 bits; the
            accumulator is then spoilt.
        ValueError: shapes differ, or the clip factor is not in [0, 2^24].
    """
    if accumulator.shape != vector.shape or not 0 <= clip_factor <= FULL_CLIP_FACTOR:
        message = "accumulator and vector need one shape, and the clip factor lies in [0, 2^24]"
        raise ValueError(message)
    # 24 bits of x times 25 bits of the factor: the product is exact in binary64, so rint is the
    # only rounding.
    scale = math.ldexp(clip_factor, fraction_bits - CLIP_FACTOR_BITS)
    products = np.empty(min(_PIECE, vector.size), dtype=np.float64)
    integers = np.empty(products.shape, dtype=np.int64)
    try:
        with np.errstate(invalid="raise"):
            for start in range(0, vector.size, _PIECE):
                piece = vector[start : start + _PIECE]
                product, integer = products[: piece.size], integers[: piece.size]
                np.multiply(piece, scale, out=product, dtype=np.float64)
                np.rint(product, out=product)
                np.copyto(integer, product, casting="unsafe")
                integer *= weight_units
                accumulator[start : start + _PIECE] += integer
    except FloatingPointError as error:
        message = "A coordinate is NaN, infinite or too high for the round's arithmetic."
        raise PayloadNotFiniteError(message) from error


def withdraw(
    accumulator: NDArray[np.int64],
    vector: NDArray[np.float32],
    clip_factor: int,
    weight_units: int,
    fraction_bits: int,
) -> None:
    """Takes one accumulated update back; afterwards every bit is as if it had never been added.

    Shapes: both (n,).

    Raises:
        PayloadNotFiniteError: as `accumulate`.
        ValueError: as `accumulate`.
    """
    accumulate(accumulator, vector, clip_factor, -weight_units, fraction_bits)


def _ceil_log2(value: Fraction) -> int:
    """Gives the smallest e with 2^e >= value, exactly."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - 1
    while Fraction(2) ** exponent < value:
        exponent += 1
    return exponent

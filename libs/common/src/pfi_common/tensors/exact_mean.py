"""The weighted mean: an exact ratio of integers, rounded once to float32.

mean = accumulator / (total weight * 2^k). The fast path divides in binary64, which is wrong by at
most three units in its last place; that decides the nearest float32 unless the quotient lies that
close to the middle between two of them. There, and only there, the ratio is compared with the
middle exactly. Both sides of that comparison may need 87 bits, but they are so close that their
difference fits 64: it is computed modulo 2^64 and is right (vectorised, so a vector of nothing but
middles is not slow).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

UInt64 = NDArray[np.uint64]

_PIECE = 1 << 13  # coordinates at a time: scratch arrays stay in the cache and in the heap
_DROPPED_BITS = 29  # of the 52 of binary64 that float32 does not have
_MIDDLE = np.uint64(1 << (_DROPPED_BITS - 1))
_DROPPED = np.uint64((1 << _DROPPED_BITS) - 1)
_NEAR = np.uint64(4)
_FRACTION_BITS = 52
_FRACTION = np.uint64((1 << _FRACTION_BITS) - 1)
_EXPONENT_BIAS = 1023
_NORMAL_BITS = 126  # results stay at or above 2^-126, where float32 is normal


def mean(
    accumulator: NDArray[np.int64],
    total_weight_units: int,
    fraction_bits: int,
    *,
    in_place: bool = False,
) -> NDArray[np.float32]:
    """Divides the sums by the total weight and 2^k, rounding once, to nearest even.

    Shapes: (n,).

    Args:
        accumulator: Sums of w * q; above -2^63.
        total_weight_units: Sum of w, at least 1.
        fraction_bits: k, at least 0.
        in_place: Whether the result takes the first half of the sums' memory and spoils them.

    Raises:
        ValueError: the total is not positive, or total * 2^k is above 2^126.
    """
    total_bits = total_weight_units.bit_length() + fraction_bits
    if total_weight_units < 1 or fraction_bits < 0 or total_bits > _NORMAL_BITS:
        message = "total_weight_units and fraction_bits are out of the range of the fixed point"
        raise ValueError(message)
    if in_place:  # what is read lies behind what is written
        result = accumulator.view(np.float32)[: accumulator.size]
    else:
        result = np.empty(accumulator.shape, dtype=np.float32)
    for start in range(0, accumulator.size, _PIECE):
        piece = slice(start, start + _PIECE)
        result[piece] = _mean_of_piece(accumulator[piece], total_weight_units, fraction_bits)
    return result


def _mean_of_piece(sums: NDArray[np.int64], total: int, fraction_bits: int) -> NDArray[np.float64]:
    quotients = np.abs(sums) / float(total)
    bits = quotients.view(np.uint64)
    distance = (bits & _DROPPED) - (_MIDDLE - _NEAR)  # wraps when below: then it is large
    near = np.flatnonzero(distance <= _NEAR + _NEAR)
    if near.size:
        bits[near] = _round_near_middle(np.abs(sums[near]).view(np.uint64), bits[near], total)
    quotients *= math.ldexp(1.0, -fraction_bits)
    return np.copysign(quotients, sums)


def _round_near_middle(sums: UInt64, bits: UInt64, total: int) -> UInt64:
    """Gives the bits of sums / total, rounded to 24 significant bits (nearest even).

    The middle is odd * 2^e with odd < 2^25. Compares sums * 2^-e with odd * total (e < 0), or sums
    with odd * total * 2^e: the sides differ by less than 2^-50 of at most 2^87.
    """
    odd = ((bits & _FRACTION) | np.uint64(1 << _FRACTION_BITS)) >> np.uint64(_DROPPED_BITS - 1)
    odd |= np.uint64(1)
    exponent = (bits >> np.uint64(_FRACTION_BITS)).astype(np.int64) - _EXPONENT_BIAS
    exponent -= _FRACTION_BITS - (_DROPPED_BITS - 1)
    ratio_side = _shift_left(sums, np.maximum(-exponent, 0))
    middle_side = _shift_left(odd * np.uint64(total & (2**64 - 1)), np.maximum(exponent, 0))
    above = (ratio_side - middle_side).view(np.int64)
    lower = bits & ~_DROPPED
    lower_is_odd = (lower >> np.uint64(_DROPPED_BITS)) & np.uint64(1)
    up = np.where(above == 0, lower_is_odd, (above > 0).astype(np.uint64))
    return lower + (up << np.uint64(_DROPPED_BITS))


def _shift_left(values: UInt64, places: NDArray[np.int64]) -> UInt64:
    """Shifts modulo 2^64; by 64 places or more gives 0."""
    shifted = values << np.minimum(places, 63).astype(np.uint64)
    return np.where(places > 63, np.uint64(0), shifted)  # noqa: PLR2004

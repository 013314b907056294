"""Logarithm, sine and cosine from IEEE 754 basic operations alone.

The functions of a mathematical library differ in their last bits between processors and versions.
These use only additions, multiplications, divisions and comparisons of binary64, each correctly
rounded and never fused, in the order that the code shows; every machine and language gives the same
bits. Their error is a few units in the last place, which is far below the float32 that is made of
them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

_SQRT_HALF = 0.70710678118654752440
_LN_2 = 0.69314718055994530942
_LOG_TERMS = 13
_TRIGONOMETRIC_TERMS = 10


def logarithm(value: Float64) -> Float64:
    """Gives the natural logarithm of positive, normal numbers.

    value = m * 2^e with m in [sqrt(1/2), sqrt(2)); with f = (m - 1) / (m + 1),
    ln m = 2 f (1 + f^2/3 + f^4/5 + ...), summed from the last of 13 terms; plus e * ln 2.
    """
    fraction, exponent = np.frexp(value)
    low = fraction < _SQRT_HALF
    fraction = np.where(low, fraction * 2.0, fraction)
    exponent = np.where(low, exponent - 1, exponent).astype(np.float64)
    ratio = (fraction - 1.0) / (fraction + 1.0)
    square = ratio * ratio
    series = np.full_like(value, 1.0 / (2 * _LOG_TERMS - 1))
    for term in range(_LOG_TERMS - 2, -1, -1):
        series = series * square + 1.0 / (2 * term + 1)
    return exponent * _LN_2 + (2.0 * ratio) * series


def sine_and_cosine(angle: Float64) -> tuple[Float64, Float64]:
    """Gives sine and cosine of angles in [-pi/4, pi/4] from 10 terms of their Taylor series.

    Written as nested products: cos = 1 - s/(1*2) * (1 - s/(3*4) * (1 - ...)) with s = angle^2, and
    sin = angle * (1 - s/(2*3) * (1 - s/(4*5) * (1 - ...))), from the innermost outwards.
    """
    square = angle * angle
    sine = np.ones_like(angle)
    cosine = np.ones_like(angle)
    for term in range(_TRIGONOMETRIC_TERMS, 0, -1):
        sine = 1.0 - (square / ((2 * term) * (2 * term + 1))) * sine
        cosine = 1.0 - (square / ((2 * term - 1) * (2 * term))) * cosine
    return angle * sine, cosine

"""The encoding bf16: the upper half of binary32, rounded to nearest even."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HALF_LESS_ONE = np.uint32(0x7FFF)
_UPPER = np.uint32(16)
_QUIET = np.uint16(0x0040)


def to_bfloat16(vector: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Rounds float32 to bfloat16 words.

    A NaN stays a NaN (made quiet, so that dropping bits cannot turn it into infinity); a finite
    value from 2^128 - 2^119 on rounds to infinity. For any other x the error is at most max(2^-8 *
    |x|, 2^-134).

    Shapes: as `vector`.
    """
    bits = np.ascontiguousarray(vector, dtype=np.float32).view(np.uint32)
    upper = bits >> _UPPER
    # Adds just under half, and one more when the kept half is odd; NaNs may wrap here and are
    # replaced below.
    words = ((bits + (_HALF_LESS_ONE + (upper & np.uint32(1)))) >> _UPPER).astype(np.uint16)
    nan = np.isnan(vector)
    if nan.any():
        words[nan] = upper[nan].astype(np.uint16) | _QUIET
    return words


def from_bfloat16(
    words: NDArray[np.uint16], vector: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Widens bfloat16 words to float32; exact.

    Shapes: all as `words`.

    Args:
        words: What is widened.
        vector: Where the result goes; a new array without.
    """
    result = np.empty(words.shape, dtype=np.float32) if vector is None else vector
    bits = result.view(np.uint32)
    np.copyto(bits, words)
    bits <<= _UPPER
    return result

"""What int8_block and int4_block share: a float32 scale in front of each block of 256 coordinates.

With L the highest step (127 or 7), the scale is the block's highest |x| divided by L, rounded *up*
to float32, so that |x| / scale never exceeds L and no value is cut off, down to the smallest
subnormal: scale <= (highest |x| / L) * (1 + 2^-23) + 2^-149. A block of zeros has scale 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.random_words import WordStream

BLOCK = 256
SCALE_BYTES = 4
_PIECE = 1 << 16  # coordinates at a time; a multiple of BLOCK and even


def pieces(vector: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Cuts a vector so that what an encoder needs beside it stays small."""
    return (vector[start : start + _PIECE] for start in range(0, vector.size, _PIECE))


def read_scales(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Reads the scales of encoded blocks as a column, where they lie if that can be.

    Shapes: `blocks` (blocks, 4 or more); the result (blocks, 1).
    """
    return blocks[:, :SCALE_BYTES].view("<f4").astype(np.float32, copy=False)


def steps_of(
    piece: NDArray[np.float32], limit: int, words: WordStream | None
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Gives the scales and the steps of at most 65,536 finite coordinates.

    The steps are, with x / scale in binary64: rint(x / scale), ties to even, without words; else
    floor(x / scale + u), where coordinate i takes u = half * 2^-32, half the lower (i even) or
    upper (i odd) 32 bits of word i // 2.

    Shapes: piece (n,); scales (blocks,), steps (blocks, 256), zeros behind the n-th.

    Args:
        piece: The coordinates.
        limit: Highest step, L.
        words: Gives 128 words for each block; none to round to nearest.
    """
    blocks = -(-piece.size // BLOCK)
    values = np.zeros((blocks, BLOCK), dtype=np.float64)
    values.reshape(-1)[: piece.size] = piece
    scales = _scales_for(np.abs(values).max(axis=1), limit)
    # A block of zeros has scale 0; dividing by 1 instead leaves its zeros.
    values /= np.where(scales > 0, scales, np.float32(1)).astype(np.float64)[:, None]
    if words is None:
        np.rint(values, out=values)
    else:
        halves = words.take(blocks * BLOCK // 2).astype("<u8", copy=False).view("<u4")
        values += halves.reshape(values.shape) * 2.0**-32
        np.floor(values, out=values)
    # L + u may round up to L + 1 in binary64.
    np.clip(values, -limit, limit, out=values)
    return scales, values.astype(np.int8)


def _scales_for(highest: NDArray[np.float64], limit: int) -> NDArray[np.float32]:
    nearest = (highest / limit).astype(np.float32)
    # limit * scale has at most 31 significant bits: the comparison is exact.
    too_low = nearest.astype(np.float64) * limit < highest
    raised = np.where(too_low, np.nextafter(nearest, np.float32(np.inf)), nearest)
    # The highest scale whose limit-fold is a finite float32.
    top = np.nextafter(np.float32(np.finfo(np.float32).max / limit), np.float32(0))
    return np.minimum(raised, top)

"""The encoding int8_block: a float32 scale per block of 256, and one signed byte a coordinate.

The scale is the block's highest |x| divided by 127, rounded *up* to float32, so that |x| / scale
never exceeds 127 and no value is cut off, down to the smallest subnormal. Scale and bytes of a
block lie together, so a range of whole blocks can be read on its own. The bytes are, with x / scale
in binary64:

* without a seed: rint(x / scale), ties to even. |x - decoded| <= 0.50001 * scale.
* with a seed: floor(x / scale + u) with u in [0, 1), so that the expected decoded value is x (to
  2^-32 of a step). |x - decoded| <= 1.00001 * scale. Coordinate i takes u = half * 2^-32, half the
  lower (i even) or upper (i odd) 32 bits of word i // 2 of the stream `pfi int8_block rounding v1`
  (`random_words`), name empty.

In both, scale <= (highest |x| / 127) * (1 + 2^-23) + 2^-149; decoding multiplies in float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.random_words import WordStream

BLOCK = 256
SCALE_BYTES = 4
_BLOCK_BYTES = BLOCK + SCALE_BYTES
_PIECE = 1 << 16  # coordinates at a time; a multiple of BLOCK and even
_LIMIT = 127
# The highest scale whose 127-fold is a finite float32.
_HIGHEST_SCALE = np.nextafter(np.float32(np.finfo(np.float32).max / _LIMIT), np.float32(0))


def encode_int8_block(vector: NDArray[np.float32], seed: int | None) -> bytes:
    """Encodes finite coordinates.

    Shapes: (n,).
    """
    words = None if seed is None else WordStream("pfi int8_block rounding v1", seed)
    return b"".join(
        _encode_piece(vector[start : start + _PIECE], words)
        for start in range(0, vector.size, _PIECE)
    )


def decode_int8_block(data: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """Decodes `count` coordinates from exactly their bytes.

    Shapes: `data` (count + 4 * ceil(count / 256),); the result (count,).
    """
    vector = np.empty(count, dtype=np.float32)
    whole = count // BLOCK
    blocks = data[: whole * _BLOCK_BYTES].reshape(whole, _BLOCK_BYTES)
    _decode_blocks(blocks, vector[: whole * BLOCK].reshape(whole, BLOCK))
    if count % BLOCK:
        last = data[whole * _BLOCK_BYTES :].reshape(1, -1)
        _decode_blocks(last, vector[whole * BLOCK :].reshape(1, -1))
    return vector


def _decode_blocks(blocks: NDArray[np.uint8], target: NDArray[np.float32]) -> None:
    # A bad scale gives values that are not finite; whoever needs them finite looks at the values.
    with np.errstate(over="ignore", invalid="ignore"):
        np.multiply(blocks[:, SCALE_BYTES:].view(np.int8), _scales(blocks), out=target)


def has_forbidden_byte(data: NDArray[np.uint8], count: int) -> bool:
    """Tells whether a coordinate's byte is -128, which no encoder writes."""
    whole = count // BLOCK
    blocks = data[: whole * _BLOCK_BYTES].reshape(whole, _BLOCK_BYTES)
    last = data[whole * _BLOCK_BYTES + SCALE_BYTES :]
    return bool((blocks[:, SCALE_BYTES:] == 0x80).any() or (last == 0x80).any())  # noqa: PLR2004


def _scales(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Reads the scales as a column."""
    column = np.ascontiguousarray(blocks[:, :SCALE_BYTES]).view("<f4")
    return column.astype(np.float32, copy=False)


def _encode_piece(piece: NDArray[np.float32], words: WordStream | None) -> bytes:
    blocks = -(-piece.size // BLOCK)
    values = np.zeros((blocks, BLOCK), dtype=np.float64)
    values.reshape(-1)[: piece.size] = piece
    scales = _scales_for(np.abs(values).max(axis=1))
    # A block of zeros has scale 0; dividing by 1 instead leaves its zeros.
    values /= np.where(scales > 0, scales, np.float32(1)).astype(np.float64)[:, None]
    if words is None:
        np.rint(values, out=values)
    else:
        halves = words.take(blocks * BLOCK // 2).astype("<u8", copy=False).view("<u4")
        values += halves.reshape(values.shape) * 2.0**-32
        np.floor(values, out=values)
    # 127 + u may round up to 128 in binary64.
    np.clip(values, -_LIMIT, _LIMIT, out=values)
    encoded = np.empty((blocks, _BLOCK_BYTES), dtype=np.uint8)
    encoded[:, :SCALE_BYTES] = scales.astype("<f4").view(np.uint8).reshape(blocks, SCALE_BYTES)
    encoded[:, SCALE_BYTES:] = values.astype(np.int8).view(np.uint8)
    return encoded.reshape(-1)[: piece.size + blocks * SCALE_BYTES].tobytes()


def _scales_for(highest: NDArray[np.float64]) -> NDArray[np.float32]:
    nearest = (highest / _LIMIT).astype(np.float32)
    # 127 * scale has at most 31 significant bits: the comparison is exact.
    too_low = nearest.astype(np.float64) * _LIMIT < highest
    raised = np.where(too_low, np.nextafter(nearest, np.float32(np.inf)), nearest)
    return np.minimum(raised, _HIGHEST_SCALE)

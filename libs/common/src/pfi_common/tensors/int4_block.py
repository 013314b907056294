"""The encoding int4_block: a float32 scale per block of 256, and half a byte a coordinate.

The coordinate with the lower index lies in the lower half of a byte; halves are two's complement in
-7..7, and the unused upper half of the last byte is 0. Scale and halves of a block lie together, so
a range of whole blocks can be read on its own. How scale and half follow from the coordinates,
`block_scale` says, with L = 7. With a seed the words are those of the stream
`pfi int4_block rounding v1` (`random_words`), name empty, and the expected decoded value is x (to
2^-32 of a step).

* without a seed: |x - decoded| <= 0.50001 * scale, and <= 1.00001 * |x|, with next to no error
  where |x| is highest. So what is lost has at most sqrt(255 / (255 + 196)) < 0.753 of the vector's
  L2 norm (255 coordinates of half a scale beside one of 7 scales): the contraction that error
  feedback needs (Karimireddy et al. 2019, "Error Feedback Fixes SignSGD and other Gradient
  Compression Schemes", assumption A). Where a scale is subnormal, rounding it up may nearly double
  it, and at most sqrt(255 / (255 + 64)) < 0.895 is lost.
* with a seed: |x - decoded| <= 1.00001 * scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.block_scale import BLOCK, SCALE_BYTES, pieces, read_scales, steps_of
from pfi_common.tensors.random_words import WordStream

_HALF_BYTES = BLOCK // 2
_BLOCK_BYTES = _HALF_BYTES + SCALE_BYTES
_LIMIT = 7
_LOWER, _SIGN, _BOTH_LOWER = 0x0F, 0x08, 0x0F0F
_EIGHTS, _ONES = np.uint32(0x88888888), np.uint32(0x11111111)


def encode_int4_block(vector: NDArray[np.float32], seed: int | None) -> bytes:
    """Encodes finite coordinates.

    Shapes: (n,).
    """
    words = None if seed is None else WordStream("pfi int4_block rounding v1", seed)
    return b"".join(_encode_piece(piece, words) for piece in pieces(vector))


def int4_block_bytes(count: int) -> int:
    """Gives the size of `count` encoded coordinates."""
    return -(-count // 2) + SCALE_BYTES * -(-count // BLOCK)


def decode_int4_block(data: NDArray[np.uint8], vector: NDArray[np.float32]) -> None:
    """Decodes coordinates from exactly their bytes into `vector`, and an unused last half, too.

    Shapes: `vector` (count,), count even; `data` (count / 2 + 4 * ceil(count / 256),).
    """
    whole = vector.size // BLOCK
    blocks = data[: whole * _BLOCK_BYTES].reshape(whole, _BLOCK_BYTES)
    _decode_blocks(blocks, vector[: whole * BLOCK].reshape(whole, BLOCK))
    if vector.size % BLOCK:
        last = data[whole * _BLOCK_BYTES :].reshape(1, -1)
        _decode_blocks(last, vector[whole * BLOCK :].reshape(1, -1))


def has_forbidden_half(data: NDArray[np.uint8], count: int) -> bool:
    """Tells whether a half is -8, or the unused one is not 0: no encoder writes either."""
    whole = count // BLOCK
    blocks = data[: whole * _BLOCK_BYTES].reshape(whole, _BLOCK_BYTES)
    unused = bool(count % 2) and int(data[-1]) > _LOWER
    last = np.zeros((1, _HALF_BYTES), dtype=np.uint8)
    halves = data[whole * _BLOCK_BYTES + SCALE_BYTES :]
    last[0, : halves.size] = halves
    return unused or _has_minus_8(blocks[:, SCALE_BYTES:]) or _has_minus_8(last)


def _has_minus_8(pairs: NDArray[np.uint8]) -> bool:
    """Looks at whole words of eight halves each.

    A half of -8 becomes 0; taking 1 from every half then borrows there first, which sets a highest
    bit that was not set.

    Shapes: `pairs` (blocks, n), n a multiple of 4.
    """
    words = pairs.view(np.uint32) ^ _EIGHTS
    less = words - _ONES
    less &= np.invert(words, out=words)
    return bool(np.bitwise_or.reduce(less, axis=None) & _EIGHTS)


def _decode_blocks(blocks: NDArray[np.uint8], target: NDArray[np.float32]) -> None:
    """Decodes blocks of one length.

    Shapes: `blocks` (blocks, 4 + n), `target` (blocks, 2 * n).
    """
    # A bad scale gives values that are not finite; whoever needs them finite looks at the values.
    with np.errstate(over="ignore", invalid="ignore"):
        np.multiply(_steps(blocks[:, SCALE_BYTES:]), read_scales(blocks), out=target)


def _steps(pairs: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Spreads the halves of each byte over two bytes.

    Shapes: `pairs` (blocks, n); the result (blocks, 2 * n).
    """
    wide = pairs.astype("<u2")
    wide |= wide << 4
    wide &= _BOTH_LOWER
    halves = wide.view(np.uint8)
    # Two's complement of four bits: flip the sign bit, then take its value away.
    halves ^= _SIGN
    steps = halves.view(np.int8)
    steps -= _SIGN
    return steps


def _encode_piece(piece: NDArray[np.float32], words: WordStream | None) -> bytes:
    scales, steps = steps_of(piece, _LIMIT, words)
    blocks = len(scales)
    halves = steps.view(np.uint8) & np.uint8(_LOWER)
    encoded = np.empty((blocks, _BLOCK_BYTES), dtype=np.uint8)
    encoded[:, :SCALE_BYTES] = scales.astype("<f4").view(np.uint8).reshape(blocks, SCALE_BYTES)
    encoded[:, SCALE_BYTES:] = halves[:, 0::2] | halves[:, 1::2] << np.uint8(4)
    return encoded.reshape(-1)[: int4_block_bytes(piece.size)].tobytes()

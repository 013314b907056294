"""The encoding int8_block: a float32 scale per block of 256, and one signed byte a coordinate.

Scale and bytes of a block lie together, so a range of whole blocks can be read on its own. How
scale and byte follow from the coordinates, `block_scale` says, with L = 127. With a seed the words
are those of the stream `pfi int8_block rounding v1` (`random_words`), name empty, and the expected
decoded value is x (to 2^-32 of a step).

|x - decoded| <= 0.50001 * scale without a seed, <= 1.00001 * scale with one; decoding multiplies in
float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.block_scale import BLOCK, SCALE_BYTES, pieces, read_scales, steps_of
from pfi_common.tensors.random_words import WordStream

_BLOCK_BYTES = BLOCK + SCALE_BYTES
_LIMIT = 127


def encode_int8_block(vector: NDArray[np.float32], seed: int | None) -> bytes:
    """Encodes finite coordinates.

    Shapes: (n,).
    """
    words = None if seed is None else WordStream("pfi int8_block rounding v1", seed)
    return b"".join(_encode_piece(piece, words) for piece in pieces(vector))


def decode_int8_block(data: NDArray[np.uint8], vector: NDArray[np.float32]) -> None:
    """Decodes coordinates from exactly their bytes into `vector`.

    Shapes: `vector` (count,); `data` (count + 4 * ceil(count / 256),).
    """
    count = vector.size
    whole = count // BLOCK
    blocks = data[: whole * _BLOCK_BYTES].reshape(whole, _BLOCK_BYTES)
    _decode_blocks(blocks, vector[: whole * BLOCK].reshape(whole, BLOCK))
    if count % BLOCK:
        last = data[whole * _BLOCK_BYTES :].reshape(1, -1)
        _decode_blocks(last, vector[whole * BLOCK :].reshape(1, -1))


def has_forbidden_byte(data: NDArray[np.uint8], count: int) -> bool:
    """Tells whether a coordinate's byte is -128, which no encoder writes."""
    whole = count // BLOCK
    blocks = data[: whole * _BLOCK_BYTES].reshape(whole, _BLOCK_BYTES)
    last = data[whole * _BLOCK_BYTES + SCALE_BYTES :]
    return _has_below(blocks[:, SCALE_BYTES:]) or _has_below(last)


def _has_below(steps: NDArray[np.uint8]) -> bool:
    return bool(steps.view(np.int8).min(initial=0) < -_LIMIT)


def _decode_blocks(blocks: NDArray[np.uint8], target: NDArray[np.float32]) -> None:
    # A bad scale gives values that are not finite; whoever needs them finite looks at the values.
    with np.errstate(over="ignore", invalid="ignore"):
        np.multiply(blocks[:, SCALE_BYTES:].view(np.int8), read_scales(blocks), out=target)


def _encode_piece(piece: NDArray[np.float32], words: WordStream | None) -> bytes:
    scales, steps = steps_of(piece, _LIMIT, words)
    blocks = len(scales)
    encoded = np.empty((blocks, _BLOCK_BYTES), dtype=np.uint8)
    encoded[:, :SCALE_BYTES] = scales.astype("<f4").view(np.uint8).reshape(blocks, SCALE_BYTES)
    encoded[:, SCALE_BYTES:] = steps.view(np.uint8)
    return encoded.reshape(-1)[: piece.size + blocks * SCALE_BYTES].tobytes()

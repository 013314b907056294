"""How the flat vector is written as bytes: the encodings of `pfi.common.v1.Encoding`.

Every encoding can be read in ranges: the bytes of coordinates that start on a block boundary
(65,536 coordinates) are themselves a valid encoding of those coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pfi.common.v1 import adapter_pb2
from pfi_common.errors import EncodingMismatchError, PayloadNotFiniteError, PayloadSizeInvalidError
from pfi_common.tensors.bfloat16 import from_bfloat16, to_bfloat16
from pfi_common.tensors.block_scale import BLOCK, SCALE_BYTES
from pfi_common.tensors.int4_block import (
    decode_int4_block,
    encode_int4_block,
    has_forbidden_half,
    int4_block_bytes,
)
from pfi_common.tensors.int8_block import decode_int8_block, encode_int8_block, has_forbidden_byte

BytesLike = bytes | bytearray | memoryview
EncodingValue: TypeAlias = adapter_pb2.Encoding.ValueType

FP32 = adapter_pb2.ENCODING_FP32
BF16 = adapter_pb2.ENCODING_BF16
INT8_BLOCK = adapter_pb2.ENCODING_INT8_BLOCK
INT4_BLOCK = adapter_pb2.ENCODING_INT4_BLOCK

RANGE_BLOCK = 1 << 16
"""Coordinates between the points where a range may start."""


def encoded_size_bytes(encoding: EncodingValue, count: int) -> int:
    """Gives the exact size of `count` encoded coordinates.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
    """
    if encoding == FP32:
        return 4 * count
    if encoding == BF16:
        return 2 * count
    if encoding == INT8_BLOCK:
        return count + SCALE_BYTES * -(-count // BLOCK)
    if encoding == INT4_BLOCK:
        return int4_block_bytes(count)
    message = "The encoding must be fp32, bf16, int8_block or int4_block."
    raise EncodingMismatchError(message)


def encode(
    encoding: EncodingValue, vector: NDArray[np.float32], *, seed: int | None = None
) -> bytes:
    """Encodes a flat vector.

    Bounds on |x - decoded|: fp32 none; bf16 max(2^-8 * |x|, 2^-134); int8_block and int4_block
    0.50001 * scale, or 1.00001 * scale with a seed, where scale is about the block's highest |x|
    over 127 and over 7 (`block_scale`).

    Shapes: (n,).

    Args:
        encoding: A value of `pfi.common.v1.Encoding`.
        vector: Finite coordinates.
        seed: Makes the two block encodings round stochastically, without bias; the others round
            nothing or to nearest.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
        PayloadNotFiniteError: a coordinate is NaN or infinite, or becomes infinite in bf16.
    """
    encoded_size_bytes(encoding, 0)
    _check_finite(vector)
    if encoding == FP32:
        return vector.astype("<f4", copy=False).tobytes()
    if encoding == INT8_BLOCK:
        return encode_int8_block(vector, seed)
    if encoding == INT4_BLOCK:
        return encode_int4_block(vector, seed)
    return b"".join(_encode_bfloat16(piece) for piece in _pieces(vector))


def decode(encoding: EncodingValue, buffer: BytesLike, count: int) -> NDArray[np.float32]:
    """Decodes a whole payload. Whether it is finite, `PayloadScanner` tells.

    Shapes: (count,), a new array.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
        PayloadSizeInvalidError: the buffer is not exactly `count` encoded coordinates.
    """
    scratch = np.empty(scratch_size(count), dtype=np.float32)
    decoded = decode_with(scratch, encoding, buffer, count)
    return decoded.copy() if encoding == FP32 else decoded


def scratch_size(count: int) -> int:
    """Gives how many numbers `decode_with` needs room for."""
    return count + count % 2


def decode_with(
    scratch: NDArray[np.float32], encoding: EncodingValue, buffer: BytesLike, count: int
) -> NDArray[np.float32]:
    """Decodes a whole payload without memory of its own.

    Shapes: scratch (`scratch_size(count)` or more,); the result (count,), a view of the scratch, or
    of the buffer where that is the same: to be read only, while both are left alone.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
        PayloadSizeInvalidError: the buffer is not exactly `count` encoded coordinates.
    """
    size = encoded_size_bytes(encoding, count)
    data = np.frombuffer(buffer, dtype=np.uint8)
    if data.size != size:
        message = f"The payload has {data.size} bytes; {count} coordinates take {size}."
        raise PayloadSizeInvalidError(message)
    if encoding == FP32:
        return data.view("<f4").astype(np.float32, copy=False)
    vector = scratch[: scratch_size(count)]
    if encoding == BF16:
        from_bfloat16(data.view("<u2"), vector[:count])
    elif encoding == INT8_BLOCK:
        decode_int8_block(data, vector[:count])
    else:
        decode_int4_block(data, vector)
    return vector[:count]


def has_forbidden_step(encoding: EncodingValue, data: NDArray[np.uint8], count: int) -> bool:
    """Tells whether a payload of a block encoding has a step that no encoder writes.

    Shapes: `data` (`encoded_size_bytes(encoding, count)`,).
    """
    if encoding == INT8_BLOCK:
        return has_forbidden_byte(data, count)
    return encoding == INT4_BLOCK and has_forbidden_half(data, count)


def range_bytes(encoding: EncodingValue, count: int, start: int, stop: int) -> tuple[int, int]:
    """Gives the byte positions (first, past the last) that `decode_range` reads of a payload.

    Raises:
        ValueError: not 0 <= start <= stop <= count, or `start` is not on a boundary of 65,536.
    """
    if not 0 <= start <= stop <= count or start % RANGE_BLOCK:
        message = f"a range starts on a multiple of {RANGE_BLOCK} and ends by {count}"
        raise ValueError(message)
    whole = min(count, -(-stop // BLOCK) * BLOCK)
    return encoded_size_bytes(encoding, start), encoded_size_bytes(encoding, whole)


def decode_range(
    encoding: EncodingValue, buffer: BytesLike, count: int, start: int, stop: int
) -> NDArray[np.float32]:
    """Decodes coordinates `start` to `stop` of a payload of `count` coordinates.

    Shapes: (stop - start,), a new array.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
        PayloadSizeInvalidError: the buffer ends before the range.
        ValueError: not 0 <= start <= stop <= count, or `start` is not on a boundary of 65,536.
    """
    first, last = range_bytes(encoding, count, start, stop)
    piece = memoryview(buffer).cast("B")[first:last]
    return decode_piece(encoding, piece, count, start, stop)


def decode_piece(
    encoding: EncodingValue, piece: BytesLike, count: int, start: int, stop: int
) -> NDArray[np.float32]:
    """Decodes coordinates `start` to `stop` from the bytes that `range_bytes` names, alone.

    Shapes: (stop - start,), a new array.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
        PayloadSizeInvalidError: the piece is not exactly these bytes.
    """
    whole = min(count, -(-stop // BLOCK) * BLOCK)
    return decode(encoding, piece, whole - start)[: stop - start]


def _encode_bfloat16(piece: NDArray[np.float32]) -> bytes:
    words = to_bfloat16(piece)
    _check_finite(from_bfloat16(words))
    return words.astype("<u2", copy=False).tobytes()


def _pieces(vector: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (vector[start : start + RANGE_BLOCK] for start in range(0, vector.size, RANGE_BLOCK))


def _check_finite(vector: NDArray[np.float32]) -> None:
    if not all(np.isfinite(piece).all() for piece in _pieces(vector)):
        message = "A coordinate is NaN or infinite."
        raise PayloadNotFiniteError(message)

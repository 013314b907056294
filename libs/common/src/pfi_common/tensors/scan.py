"""What a receiver learns of a payload while it arrives: hash, norm, highest coordinate."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import (
    InvalidRequestError,
    PayloadNotFiniteError,
    PayloadSizeInvalidError,
)
from pfi_common.tensors.encoding import (
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    BytesLike,
    EncodingValue,
    decode,
    encoded_size_bytes,
)
from pfi_common.tensors.int4_block import has_forbidden_half
from pfi_common.tensors.int8_block import has_forbidden_byte
from pfi_common.tensors.sketch import Sketcher


@dataclass(frozen=True)
class ScanResult:
    """What a whole payload is.

    Attributes:
        sha256: Of the encoded bytes, 64 lower-case hexadecimal digits.
        norm: L2 norm of the decoded coordinates.
        maximum_coordinate: Highest |coordinate|.
        sketch: Numbers of its sketch, each a float32; empty when none was asked for.
    """

    sha256: str
    norm: float
    maximum_coordinate: float
    sketch: tuple[float, ...] = ()


_HALF_BLOCK = RANGE_BLOCK // 2

Rescale = Callable[[NDArray[np.float32], int], NDArray[np.float32]]


class PayloadScanner:
    """Reads a payload in pieces of any size and gives the same bits for every cutting.

    Squares are summed in binary64 over fixed blocks of 65,536 coordinates from coordinate 0: inside
    a block by halving (the upper half is added to the lower until one number is left; a short block
    is filled up with zeros), then block after block. Holds at most one encoded block.

    Args:
        encoding: How the payload is written.
        count: Coordinates that it has.
        sketcher: Is given every block, in order; none for no sketch.
        rescale: Gives a block, with the coordinate that it starts at, as it counts; norm, highest
            coordinate and sketch are those of what it gives. None: as it is decoded.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
    """

    def __init__(
        self,
        encoding: EncodingValue,
        count: int,
        sketcher: Sketcher | None = None,
        rescale: Rescale | None = None,
    ) -> None:
        self._encoding = encoding
        self._count = count
        self._size_bytes = encoded_size_bytes(encoding, count)
        self._block_bytes = encoded_size_bytes(encoding, RANGE_BLOCK)
        self._sketcher = sketcher
        self._rescale = rescale
        self._hash = hashlib.sha256()
        self._carry = bytearray()
        self._received_bytes = 0
        self._scanned = 0
        self._squares = 0.0
        self._maximum = 0.0

    @property
    def received_bytes(self) -> int:
        """Bytes taken so far."""
        return self._received_bytes

    def update(self, data: BytesLike) -> None:
        """Takes the next bytes. After an error the scanner is of no more use.

        Raises:
            PayloadSizeInvalidError: more bytes than the payload has.
            PayloadNotFiniteError: a coordinate is NaN or infinite.
            InvalidRequestError: a byte of int8_block is -128, a half of int4_block is -8, or its
                unused half is not 0.
        """
        view = memoryview(data).cast("B")
        self._received_bytes += len(view)
        if self._received_bytes > self._size_bytes:
            message = f"The payload is longer than its {self._size_bytes} bytes."
            raise PayloadSizeInvalidError(message)
        self._hash.update(view)
        if self._carry:
            view = self._fill_carry(view)
        while len(view) >= self._block_bytes:
            self._scan(view[: self._block_bytes])
            view = view[self._block_bytes :]
        self._carry += view

    def finish(self) -> ScanResult:
        """Ends the payload.

        Raises:
            PayloadSizeInvalidError: bytes are missing.
            PayloadNotFiniteError: a coordinate is NaN or infinite.
            InvalidRequestError: a byte of int8_block is -128, a half of int4_block is -8, or its
                unused half is not 0.
        """
        if self._received_bytes != self._size_bytes:
            message = f"The payload has {self._received_bytes} of its {self._size_bytes} bytes."
            raise PayloadSizeInvalidError(message)
        if self._carry:
            self._scan(memoryview(self._carry))
            self._carry = bytearray()
        return ScanResult(
            sha256=self._hash.hexdigest(),
            norm=math.sqrt(self._squares),
            maximum_coordinate=self._maximum,
            sketch=tuple(self._sketcher.values().tolist()) if self._sketcher else (),
        )

    def _fill_carry(self, view: memoryview) -> memoryview:
        missing = self._block_bytes - len(self._carry)
        self._carry += view[:missing]
        if len(self._carry) == self._block_bytes:
            self._scan(memoryview(self._carry))
            self._carry = bytearray()
        return view[missing:]

    def _scan(self, encoded: memoryview) -> None:
        count = min(RANGE_BLOCK, self._count - self._scanned)
        block = self._decode(encoded, count)
        if self._rescale is not None:
            block = self._rescale(block, self._scanned)
        highest = max(float(block.max()), -float(block.min()))
        if not math.isfinite(highest):
            message = f"A coordinate from {self._scanned} on is NaN or infinite."
            raise PayloadNotFiniteError(message)
        self._check_steps(encoded, count)
        self._maximum = max(self._maximum, highest)
        self._squares += _sum_of_squares(block)
        if self._sketcher is not None:
            self._sketcher.add(block)
        self._scanned += count

    def _decode(self, encoded: memoryview, count: int) -> NDArray[np.float32]:
        """Gives a block's coordinates, of fp32 without a copy."""
        if self._encoding == FP32:
            return np.frombuffer(encoded, dtype="<f4")
        return decode(self._encoding, encoded, count)

    def _check_steps(self, encoded: memoryview, count: int) -> None:
        data = np.frombuffer(encoded, dtype=np.uint8)
        if self._encoding == INT8_BLOCK and has_forbidden_byte(data, count):
            message = "A byte of the int8_block payload is -128; bytes lie in -127 to 127."
            raise InvalidRequestError(message)
        if self._encoding == INT4_BLOCK and has_forbidden_half(data, count):
            message = (
                "A half of the int4_block payload is -8, or the unused one is not 0; halves lie in"
                " -7 to 7."
            )
            raise InvalidRequestError(message)


class _Scratch(threading.local):
    """Two half blocks for each thread: fresh memory would cost more than the arithmetic."""

    def __init__(self) -> None:
        self.lower = np.empty(_HALF_BLOCK, dtype=np.float64)
        self.upper = np.empty(_HALF_BLOCK, dtype=np.float64)


_SCRATCH = _Scratch()


def _sum_of_squares(block: NDArray[np.float32]) -> float:
    squares, upper = _SCRATCH.lower, _SCRATCH.upper
    _square(block[:_HALF_BLOCK], squares)
    _square(block[_HALF_BLOCK:], upper)
    squares = np.add(squares, upper, out=squares)
    while squares.size > 1:
        half = squares.size // 2
        squares = np.add(squares[:half], squares[half:], out=squares[:half])
    return float(squares[0])


def _square(part: NDArray[np.float32], out: NDArray[np.float64]) -> None:
    np.copyto(out[: part.size], part)
    out[part.size :] = 0.0
    np.multiply(out, out, out=out)

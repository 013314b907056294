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
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    BytesLike,
    EncodingValue,
    decode_with,
    encoded_size_bytes,
    has_forbidden_step,
    scratch_size,
)
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
_FORBIDDEN = {
    INT8_BLOCK: "A byte of the int8_block payload is -128; bytes lie in -127 to 127.",
    INT4_BLOCK: "A half of the int4_block payload is -8, or the unused one is not 0; halves lie in"
    " -7 to 7.",
}

Rescale = Callable[[NDArray[np.float32], int], NDArray[np.float32]]
TakeBlock = Callable[[NDArray[np.float32], int, float], None]
"""Is given a block, the coordinate that it starts at, and its highest |coordinate|.

The block is the scanner's own again after the call.
"""


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
        take: Is given every block as it counts, in order, once it has been checked.

    Raises:
        EncodingMismatchError: the encoding is not one of the four.
    """

    def __init__(
        self,
        encoding: EncodingValue,
        count: int,
        sketcher: Sketcher | None = None,
        rescale: Rescale | None = None,
        take: TakeBlock | None = None,
    ) -> None:
        self._encoding = encoding
        self._count = count
        self._size_bytes = encoded_size_bytes(encoding, count)
        self._block_bytes = encoded_size_bytes(encoding, RANGE_BLOCK)
        self._sketcher = sketcher
        self._rescale = rescale
        self._take = take
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

    @property
    def scanned_count(self) -> int:
        """Coordinates of the blocks that were checked, and taken, so far."""
        return self._scanned

    @property
    def scanned_sha256(self) -> str:
        """SHA-256 of the bytes of these blocks."""
        return self._hash.hexdigest()

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
        block = decode_with(_SCRATCH.block, self._encoding, encoded, count)
        if self._rescale is not None:
            block = self._rescale(block, self._scanned)
        highest = max(float(block.max()), -float(block.min()))
        if not math.isfinite(highest):
            message = f"A coordinate from {self._scanned} on is NaN or infinite."
            raise PayloadNotFiniteError(message)
        if has_forbidden_step(self._encoding, np.frombuffer(encoded, dtype=np.uint8), count):
            raise InvalidRequestError(_FORBIDDEN[self._encoding])
        self._maximum = max(self._maximum, highest)
        self._squares += _sum_of_squares(block)
        if self._sketcher is not None:
            self._sketcher.add(block)
        if self._take is not None:
            self._take(block, self._scanned, highest)
        self._hash.update(encoded)
        self._scanned += count


class _Scratch(threading.local):
    """Blocks for each thread: fresh memory would cost more than the arithmetic."""

    def __init__(self) -> None:
        self.block = np.empty(scratch_size(RANGE_BLOCK), dtype=np.float32)
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

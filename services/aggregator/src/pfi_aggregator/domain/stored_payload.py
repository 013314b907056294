"""The encoded update in a committed file, read in ranges: never the whole of it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors import decode_piece, range_bytes
from pfi_common.tensors.encoding import EncodingValue


class StoredPayload(Protocol):
    """An encoded update while its file is open. One thread at a time."""

    @property
    def size_bytes(self) -> int:
        """Bytes that it has."""
        ...

    def read(self, first: int, last: int) -> memoryview:
        """Gives the bytes from `first` up to `last`. They are valid until the next read.

        Raises:
            ValueError: not 0 <= first <= last <= size_bytes.
            ArtifactCorruptError: the file has been cut.
            StoreUnavailableError: the device does not give the bytes.
        """
        ...


def read_coordinates(
    payload: StoredPayload, encoding: EncodingValue, count: int, start: int, stop: int
) -> NDArray[np.float32]:
    """Decodes coordinates `start` to `stop` of a payload of `count` coordinates.

    Shapes: (stop - start,), a new array.

    Raises:
        ValueError: not 0 <= start <= stop <= count, or `start` is not on a boundary of 65,536.
        PlatformError: as `StoredPayload.read`.
    """
    first, last = range_bytes(encoding, count, start, stop)
    return decode_piece(encoding, payload.read(first, last), count, start, stop)

"""Encoded updates in memory."""


class BytesPayload:
    """In-memory twin of `pfi_aggregator.domain.stored_payload.StoredPayload`.

    Each read gives a buffer of its own and spoils the one before, so that a caller that keeps a
    range too long is found.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._last = bytearray()

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    def read(self, first: int, last: int) -> memoryview:
        if not 0 <= first <= last <= len(self._data):
            raise ValueError("the range is not one of the payload")
        self._last[:] = bytes(0xA5 for _ in self._last)
        self._last = bytearray(self._data[first:last])
        return memoryview(self._last).toreadonly()

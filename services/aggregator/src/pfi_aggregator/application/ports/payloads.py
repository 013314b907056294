"""Published payloads on their way to clients."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class OpenPayload(Protocol):
    """A payload that is being sent.

    Attributes:
        size_bytes: Its size.
    """

    size_bytes: int

    async def read(self, start: int, length: int) -> bytes | memoryview:
        """Gives a part, valid until the next call; one that reaches past the end is cut there.

        Raises:
            ArtifactCorruptError: the payload was read from its first byte on, and this part, its
                last, gives it another digest. An implementation may refuse it before.
        """
        ...


class Payloads(Protocol):
    """Opens artifacts for reading in order, by many at once."""

    def open(self, kind: str, digest: str) -> AbstractAsyncContextManager[OpenPayload]:
        """Opens an artifact for the length of the block.

        Raises:
            ArtifactUnknownError: there is none with this digest.
            ArtifactCorruptError: its bytes have another digest.
        """
        ...

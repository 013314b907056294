"""How many downloads are sent at a time, and in how large pieces.

A download whose chunk is on its way costs about two chunks of memory in the service, so with a slot
for each that is sent, memory does not follow the number of clients. One whose client takes its
chunks slowly needs a slot only to begin with the next, so slow and silent clients hold up nobody.
A few whole chunks may be held up in this way; while they are, the others are sent in small ones.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from pfi_aggregator.application.download_adapter import Download
from pfi_aggregator.application.slots import Slot, Slots
from pfi_aggregator.domain.chunk import MAXIMUM_CHUNK_BYTES, Chunk

SEND_PATIENCE_SECONDS = 0.1
SMALL_CHUNK_BYTES = 64 << 10
_HELD_UP_CHUNKS = 4


class SendSlots(Slots):
    """Slots of downloads."""

    _held_up = 0

    async def paced(self, download: Download) -> AsyncGenerator[Chunk, None]:
        """Reads each chunk once there is a slot to send it; whoever takes it sends it."""
        slot, start = Slot(self._free), download.offset_bytes
        try:
            while start < download.payload.size_bytes:
                await slot.take()
                most_bytes = self._most_bytes()
                chunk = await download.chunk(start, most_bytes)
                start += len(chunk.data)
                with self._sending(slot, whole=most_bytes > SMALL_CHUNK_BYTES):
                    yield chunk
                del chunk  # the next one may have to wait
                if asyncio.get_running_loop().time() - slot.taken_at > self._slice_seconds:
                    slot.give_back()
        finally:
            slot.give_back()

    def _most_bytes(self) -> int:
        return MAXIMUM_CHUNK_BYTES if self._held_up < _HELD_UP_CHUNKS else SMALL_CHUNK_BYTES

    @contextmanager
    def _sending(self, slot: Slot, *, whole: bool) -> Iterator[None]:
        """Takes the slot from a chunk that is slow, and counts it as held up until it has gone."""
        slow = False

        def lose() -> None:
            nonlocal slow
            slow = True
            self._held_up += whole
            slot.give_back()

        losing = asyncio.get_running_loop().call_later(self._patience_seconds, lose)
        try:
            yield
        finally:
            losing.cancel()
            self._held_up -= slow and whole

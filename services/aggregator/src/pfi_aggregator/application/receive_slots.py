"""How many uploads are read at a time.

An upload whose chunks come fast costs about seven times a chunk of memory: copies on their way in,
the chunk that waits and the one that is worked on. One that waits costs what flow control lets
through, half a chunk. With a slot for each that is read, memory does not follow the number of
clients. One whose chunks come slowly needs a slot only while its chunk is worked on, so slow and
silent clients hold up nobody.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from pfi_aggregator.application.slot import Slot
from pfi_aggregator.domain.chunk import Chunk

_SLOTS = 8
_PATIENCE_SECONDS = 0.5
_SLICE_SECONDS = 1.0


class ReceiveSlots:
    """Slots that uploads take in turn.

    Args:
        slots: How many fast uploads are read at a time.
        patience_seconds: An upload whose chunk takes longer is slow, until one comes faster.
        slice_seconds: An upload that has had a slot for so long queues again.
    """

    def __init__(
        self,
        slots: int = _SLOTS,
        patience_seconds: float = _PATIENCE_SECONDS,
        slice_seconds: float = _SLICE_SECONDS,
    ) -> None:
        self._free = asyncio.Semaphore(slots)
        self._patience_seconds = patience_seconds
        self._slice_seconds = slice_seconds

    async def paced(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk, None]:
        """Reads chunks; each is worked on while its upload holds a slot."""
        loop, slot, fast = asyncio.get_running_loop(), Slot(self._free), True
        try:
            while True:
                if fast:
                    await slot.take()
                asked_at = loop.time()
                losing = loop.call_later(self._patience_seconds, slot.give_back)
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                finally:
                    losing.cancel()
                fast = loop.time() - asked_at < self._patience_seconds
                await slot.take()
                yield chunk
                if not fast or loop.time() - slot.taken_at > self._slice_seconds:
                    slot.give_back()
        finally:
            slot.give_back()

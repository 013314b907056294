"""How many uploads are read at a time.

An upload whose chunks come fast costs about seven times a chunk of memory: copies on their way in,
the chunk that waits and the one that is worked on. One that waits costs what flow control lets
through, 64 KiB. With a slot for each that is read, memory does not follow the number of
clients. One whose chunks come slowly needs a slot only while its chunk is worked on, so slow and
silent clients hold up nobody.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from pfi_aggregator.application.slots import Slot, Slots
from pfi_aggregator.domain.chunk import Chunk


class ReceiveSlots(Slots):
    """Slots of uploads; one that is slow is so until a chunk comes faster."""

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
                del chunk  # the next one may have to wait
                if not fast or loop.time() - slot.taken_at > self._slice_seconds:
                    slot.give_back()
        finally:
            slot.give_back()

"""How many downloads are sent at a time.

A download whose chunks are on their way costs about two chunks of memory in the service, so with a
slot for each that is sent, memory does not follow the number of clients. One whose client takes its
chunks slowly needs a slot only to begin with the next, so slow and silent clients hold up nobody.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from pfi_aggregator.application.slots import Slot, Slots
from pfi_aggregator.domain.chunk import Chunk

SEND_PATIENCE_SECONDS = 0.1


class SendSlots(Slots):
    """Slots of downloads."""

    async def paced(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk, None]:
        """Reads each chunk once there is a slot to send it; whoever takes it sends it."""
        loop, slot = asyncio.get_running_loop(), Slot(self._free)
        try:
            while True:
                await slot.take()
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                losing = loop.call_later(self._patience_seconds, slot.give_back)
                try:
                    yield chunk
                finally:
                    losing.cancel()
                if loop.time() - slot.taken_at > self._slice_seconds:
                    slot.give_back()
        finally:
            slot.give_back()

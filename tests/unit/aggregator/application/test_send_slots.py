"""How downloads share the slots."""

import asyncio
import weakref
from contextlib import aclosing

from pfi_aggregator.application.download_adapter import Download
from pfi_aggregator.application.send_slots import SMALL_CHUNK_BYTES, SendSlots
from pfi_aggregator.domain.chunk import MAXIMUM_CHUNK_BYTES


class Payload:
    """Bytes that are handed out in new objects.

    Attributes:
        sizes: How many were asked for each time.
        alive: Those that someone still has.
    """

    def __init__(self, chunks: int) -> None:
        self.size_bytes = chunks * MAXIMUM_CHUNK_BYTES
        self.sizes: list[int] = []
        self.alive: weakref.WeakSet[memoryview] = weakref.WeakSet()

    async def read(self, start: int, length: int) -> memoryview:
        self.sizes.append(length)
        data = memoryview(bytes(min(length, self.size_bytes - start)))
        self.alive.add(data)
        return data


class Client:
    """Takes chunks, each once the test says so.

    Attributes:
        begun: Set when the first is on its way.
        taken: Set by the test.
    """

    def __init__(self, slots: SendSlots, count: int = 2) -> None:
        self.payload = Payload(count)
        self.begun = asyncio.Event()
        self.taken = asyncio.Event()
        self.task = asyncio.create_task(self._run(slots))

    @property
    def sent(self) -> int:
        """How many chunks have been read to be sent."""
        return len(self.payload.sizes)

    async def _run(self, slots: SendSlots) -> None:
        async with aclosing(slots.paced(Download(self.payload, "", 0))) as paced:
            async for chunk in paced:
                del chunk
                self.begun.set()
                await self.taken.wait()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_more_downloads_are_sent_than_there_are_slots():
    slots = SendSlots(slots=2, patience_seconds=60)
    downloads = [Client(slots) for _ in range(4)]
    await settle()
    assert [download.sent for download in downloads] == [1, 1, 0, 0]
    for download in downloads:
        download.taken.set()
    await asyncio.gather(*[download.task for download in downloads])
    assert [download.sent for download in downloads] == [2, 2, 2, 2]


async def test_a_silent_client_holds_up_nobody():
    slots = SendSlots(slots=1, patience_seconds=0.01)
    silent, other = Client(slots), Client(slots)
    other.taken.set()
    await asyncio.wait_for(other.task, 60)
    assert (silent.sent, other.sent) == (1, 2)
    silent.taken.set()
    await asyncio.wait_for(silent.task, 60)


async def test_a_long_download_takes_turns():
    slots = SendSlots(slots=1, patience_seconds=60, slice_seconds=0)
    downloads = [Client(slots, count=3) for _ in range(2)]
    for download in downloads:
        download.taken.set()
    await asyncio.wait_for(asyncio.gather(*[d.task for d in downloads]), 60)
    assert [download.sent for download in downloads] == [3, 3]


async def test_a_broken_download_gives_its_slot_back():
    slots = SendSlots(slots=1, patience_seconds=60)
    broken, other = Client(slots), Client(slots)
    await settle()
    broken.task.cancel()
    other.taken.set()
    await asyncio.wait_for(other.task, 60)
    assert other.sent == 2


async def test_the_rest_is_sent_from_the_offset():
    payload = Payload(2)
    download = Download(payload, "", MAXIMUM_CHUNK_BYTES - 1)
    chunks = [chunk async for chunk in SendSlots().paced(download)]
    assert [(chunk.offset_bytes, len(chunk.data)) for chunk in chunks] == [
        (MAXIMUM_CHUNK_BYTES - 1, MAXIMUM_CHUNK_BYTES),
        (2 * MAXIMUM_CHUNK_BYTES - 1, 1),
    ]


async def test_a_download_that_waits_keeps_no_chunk():
    slots = SendSlots(slots=1, patience_seconds=60, slice_seconds=0)
    first, second = Client(slots), Client(slots)
    await settle()
    first.taken.set()
    await settle()
    assert (first.sent, second.sent) == (1, 1)
    assert len(first.payload.alive) == 0
    second.taken.set()
    await asyncio.wait_for(asyncio.gather(first.task, second.task), 60)


async def test_chunks_are_small_while_several_are_held_up():
    slots = SendSlots(slots=1, patience_seconds=0.001)
    silent = [Client(slots) for _ in range(6)]
    for client in silent:
        await asyncio.wait_for(client.begun.wait(), 60)
    sizes = [client.payload.sizes[0] for client in silent]
    assert sizes == 4 * [MAXIMUM_CHUNK_BYTES] + 2 * [SMALL_CHUNK_BYTES]
    for client in silent:
        client.taken.set()
    await asyncio.wait_for(asyncio.gather(*[client.task for client in silent]), 60)
    after = Client(slots)
    after.taken.set()
    await asyncio.wait_for(after.task, 60)
    assert after.payload.sizes == 2 * [MAXIMUM_CHUNK_BYTES]

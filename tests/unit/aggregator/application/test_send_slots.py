"""How downloads share the slots."""

import asyncio
from contextlib import aclosing

from pfi_aggregator.application.send_slots import SendSlots
from pfi_aggregator.domain.chunk import Chunk


class Download:
    """Takes chunks, each once the test says that the client has taken it.

    Attributes:
        sent: How many chunks have been read to be sent.
    """

    def __init__(self, slots: SendSlots, count: int = 2) -> None:
        self.sent = 0
        self.taken = asyncio.Event()
        self._count = count
        self.task = asyncio.create_task(self._run(slots))

    async def _run(self, slots: SendSlots) -> None:
        async with aclosing(slots.paced(self._chunks())) as paced:
            async for _ in paced:
                await self.taken.wait()

    async def _chunks(self):
        for _ in range(self._count):
            self.sent += 1
            yield Chunk(0, b"x")


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_more_downloads_are_sent_than_there_are_slots():
    slots = SendSlots(slots=2, patience_seconds=60)
    downloads = [Download(slots) for _ in range(4)]
    await settle()
    assert [download.sent for download in downloads] == [1, 1, 0, 0]
    for download in downloads:
        download.taken.set()
    await asyncio.gather(*[download.task for download in downloads])
    assert [download.sent for download in downloads] == [2, 2, 2, 2]


async def test_a_silent_client_holds_up_nobody():
    slots = SendSlots(slots=1, patience_seconds=0.01)
    silent, other = Download(slots), Download(slots)
    other.taken.set()
    await asyncio.wait_for(other.task, 10)
    assert (silent.sent, other.sent) == (1, 2)
    silent.taken.set()
    await asyncio.wait_for(silent.task, 10)


async def test_a_long_download_takes_turns():
    slots = SendSlots(slots=1, patience_seconds=60, slice_seconds=0)
    downloads = [Download(slots, count=3) for _ in range(2)]
    for download in downloads:
        download.taken.set()
    await asyncio.wait_for(asyncio.gather(*[d.task for d in downloads]), 10)
    assert [download.sent for download in downloads] == [3, 3]


async def test_a_broken_download_gives_its_slot_back():
    slots = SendSlots(slots=1, patience_seconds=60)
    broken, other = Download(slots), Download(slots)
    await settle()
    broken.task.cancel()
    other.taken.set()
    await asyncio.wait_for(other.task, 10)
    assert other.sent == 2

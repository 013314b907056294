"""How uploads share the slots."""

import asyncio

from tests.support.grpc_server import eventually

from pfi_aggregator.application.receive_slots import ReceiveSlots
from pfi_aggregator.domain.chunk import Chunk


class Client:
    """Sends a chunk whenever the test says so.

    Attributes:
        asked: How many chunks have been asked for.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._queue: asyncio.Queue[bool] = asyncio.Queue()

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            self._queue.put_nowait(True)

    def end(self) -> None:
        self._queue.put_nowait(False)

    async def chunks(self):
        while True:
            self.asked += 1
            if not await self._queue.get():
                return
            yield Chunk(0, b"x")


class Upload:
    """Takes a client's chunks, each once the test says that it has been worked on."""

    def __init__(self, slots: ReceiveSlots) -> None:
        self.client = Client()
        self.taken = 0
        self.working = asyncio.Event()
        self.worked = asyncio.Event()
        self.task = asyncio.create_task(self._run(slots))

    async def _run(self, slots: ReceiveSlots) -> None:
        async for _ in slots.paced(self.client.chunks()):
            self.taken += 1
            self.working.set()
            await self.worked.wait()
            await asyncio.sleep(0)  # work takes at least a turn of the loop


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_more_uploads_are_read_than_there_are_slots():
    slots = ReceiveSlots(slots=2, patience_seconds=60)
    uploads = [Upload(slots) for _ in range(4)]
    for upload in uploads:
        upload.client.send()
    await settle()
    assert [upload.client.asked for upload in uploads] == [1, 1, 0, 0]
    for upload in uploads:
        upload.worked.set()
        upload.client.end()
    await asyncio.gather(*[upload.task for upload in uploads])
    assert [upload.taken for upload in uploads] == [1, 1, 1, 1]


async def test_a_silent_upload_holds_up_nobody():
    slots = ReceiveSlots(slots=1, patience_seconds=0.01)
    silent, other = Upload(slots), Upload(slots)
    other.client.send()
    other.worked.set()
    await asyncio.wait_for(other.working.wait(), 60)
    assert silent.taken == 0
    for upload in (silent, other):
        upload.worked.set()
        upload.client.end()
        await upload.task


async def test_a_slow_upload_waits_for_its_chunk_without_a_slot():
    slots = ReceiveSlots(slots=1, patience_seconds=0.01)
    slow = Upload(slots)
    slow.worked.set()
    # Its patience is over once it has given back the slot that it asked with.
    await eventually(lambda: slow.client.asked == 1 and not slots._free.locked())
    slow.client.send()
    await asyncio.wait_for(slow.working.wait(), 60)
    await settle()
    assert (slow.client.asked, slots._free.locked()) == (2, False)
    slow.client.end()
    await slow.task


async def test_a_fast_upload_queues_again_after_its_slice():
    slots = ReceiveSlots(slots=1, patience_seconds=60, slice_seconds=0)
    first, second = Upload(slots), Upload(slots)
    for upload in (first, second):
        upload.client.send(3)
        upload.worked.set()
    await asyncio.wait_for(second.working.wait(), 60)
    assert first.taken < 3
    for upload in (first, second):
        upload.client.end()
    await asyncio.gather(first.task, second.task)


async def test_a_cancelled_upload_leaves_its_slot():
    slots = ReceiveSlots(slots=1, patience_seconds=60)
    first, second = Upload(slots), Upload(slots)
    await settle()
    first.task.cancel()
    await asyncio.wait([first.task])
    second.client.send()
    await asyncio.wait_for(second.working.wait(), 60)
    second.worked.set()
    second.client.end()
    await second.task

"""Chunks that are worked on in a thread while the next ones come."""

import asyncio
import threading

import pytest

from pfi_aggregator.application.upload_work import UploadWork
from pfi_common.errors import DiskFullError


class Thread:
    """Work that the test lets go on, or fail."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.entered = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.error: Exception | None = None

    def work(self, batch: list[bytes]) -> None:
        self.batches.append(batch)
        self.entered.release()
        assert self.leave.acquire(timeout=60)
        if self.error is not None:
            raise self.error

    async def begun(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=60)


@pytest.fixture
def thread() -> Thread:
    return Thread()


async def test_what_comes_during_a_batch_is_the_next_batch(thread):
    async with UploadWork(thread.work, waiting=2) as work:
        await work.add(b"a")
        await thread.begun()
        await work.add(b"b")
        await work.add(b"c")
        thread.leave.release(2)
    assert thread.batches == [[b"a"], [b"b", b"c"]]


async def test_a_piece_does_not_wait_for_another(thread):
    thread.leave.release(2)
    async with UploadWork(thread.work) as work:
        await work.add(b"a")
        await thread.begun()
        while work._running is not None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        await work.add(b"b")
        await thread.begun()
    assert thread.batches == [[b"a"], [b"b"]]


async def test_no_more_wait_than_may(thread):
    async with UploadWork(thread.work, waiting=1) as work:
        await work.add(b"a")
        await work.add(b"b")
        third = asyncio.create_task(work.add(b"c"))
        await thread.begun()
        await asyncio.sleep(0)
        assert not third.done()
        thread.leave.release(3)
        await third
    assert thread.batches == [[b"a"], [b"b"], [b"c"]]


@pytest.mark.parametrize("place", ["add", "end"])
async def test_what_the_work_raises_ends_it(thread, place):
    thread.error = DiskFullError()
    thread.leave.release(1)

    async def run() -> None:
        async with UploadWork(thread.work, waiting=1) as work:
            await work.add(b"a")
            await thread.begun()
            if place == "add":
                await work.add(b"b")
                await work.add(b"c")

    with pytest.raises(DiskFullError):
        await run()
    assert thread.batches == [[b"a"]]


async def test_an_error_outside_waits_for_the_thread_and_drops_the_rest(thread):
    async def run() -> None:
        async with UploadWork(thread.work) as work:
            await work.add(b"a")
            await work.add(b"b")
            raise ValueError("outside")

    task = asyncio.create_task(run())
    await thread.begun()
    await asyncio.sleep(0)
    assert not task.done()
    thread.leave.release(1)
    with pytest.raises(ValueError, match="outside"):
        await task
    assert thread.batches == [[b"a"]]


async def test_a_cancelled_end_still_waits_for_the_thread(thread):
    async def run() -> None:
        async with UploadWork(thread.work) as work:
            await work.add(b"a")
            await work.add(b"b")

    task = asyncio.create_task(run())
    await thread.begun()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    thread.leave.release(1)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert thread.batches == [[b"a"]]

"""Threads that blocking work is done in."""

import asyncio
import threading

import pytest

from pfi_rag.application.blocking import in_thread
from pfi_rag.application.warm_threads import WarmThreads

PATIENCE_SECONDS = 60


async def test_calls_in_a_row_have_the_same_thread():
    threads = [await in_thread(threading.get_ident) for _ in range(20)]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_what_work_raises_is_raised_where_it_is_awaited():
    with pytest.raises(ValueError, match="of this kind"):
        await in_thread(_fail)


async def test_a_thread_that_failed_works_on():
    for _ in range(3):
        with pytest.raises(ValueError, match="of this kind"):
            await in_thread(_fail)
    assert await in_thread(len, "abc") == 3


async def test_calls_at_once_do_not_wait_for_each_other():
    meeting = threading.Barrier(3, timeout=PATIENCE_SECONDS)
    await asyncio.gather(*(in_thread(meeting.wait) for _ in range(3)))


def test_work_beyond_the_threads_waits_and_is_done():
    threads, may_go = WarmThreads(maximum=2), threading.Event()
    done: list[int] = []
    everything = threading.Event()

    def work(number: int):
        may_go.wait(PATIENCE_SECONDS)
        done.append(number)
        return everything.set if len(done) == 5 else bool

    for number in range(5):
        threads.begin(lambda number=number: work(number))
    may_go.set()
    assert everything.wait(PATIENCE_SECONDS)
    assert sorted(done) == [0, 1, 2, 3, 4]


def _fail() -> None:
    raise ValueError("one of this kind")

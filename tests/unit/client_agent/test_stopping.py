"""Work ends with the first of it, or when it is told to stop."""

import asyncio

import pytest

from pfi_client_agent.application.stopping import finished_before
from pfi_common.errors import ServiceUnavailableError


class Endless:
    """Work without an end of its own."""

    def __init__(self) -> None:
        self.cancelled = False

    async def __call__(self):
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled = True


async def done():
    pass


async def test_the_first_that_ends_cancels_the_others():
    others = [Endless(), Endless()]
    assert await finished_before(asyncio.Event(), others[0](), done(), others[1]())
    assert [other.cancelled for other in others] == [True, True]


async def test_a_stop_cancels_everything():
    stop, works = asyncio.Event(), [Endless(), Endless()]
    asyncio.get_running_loop().call_soon(stop.set)
    assert not await finished_before(stop, *(work() for work in works))
    assert [work.cancelled for work in works] == [True, True]


async def test_what_is_done_when_the_stop_comes_is_done():
    stop = asyncio.Event()
    stop.set()
    assert await finished_before(stop, done())


async def test_a_failure_is_raised_and_cancels_the_others():
    async def fail():
        raise ServiceUnavailableError

    other = Endless()
    with pytest.raises(ServiceUnavailableError):
        await finished_before(asyncio.Event(), other(), fail())
    assert other.cancelled


async def test_nothing_goes_on_when_the_one_who_waits_is_cancelled():
    work = Endless()
    waiting = asyncio.create_task(finished_before(asyncio.Event(), work()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

"""Work that a request to stop may interrupt."""

import asyncio
from collections.abc import Coroutine


async def finished_before(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do something unless `stop` comes first; tells whether it was done."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    return False

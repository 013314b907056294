"""Work that a request to stop may interrupt."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def finished_before(stop: asyncio.Event, *works: Coroutine[Any, Any, object]) -> bool:
    """Do some things until one of them ends or `stop` is set; then cancel the others.

    Nothing of them runs any more when this returns or raises.

    Args:
        stop: Ends everything.
        works: What is done, at the same time; what one of them raises is raised here.

    Returns:
        True when one of them ended; False when `stop` came first.
    """
    stopping = asyncio.create_task(stop.wait())
    running = [*(asyncio.create_task(work) for work in works), stopping]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
        return done != {stopping}
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

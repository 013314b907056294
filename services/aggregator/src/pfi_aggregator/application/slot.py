"""A slot of a few that streams take in turn."""

import asyncio


class Slot:
    """One stream's claim on a slot; taking and giving back may be repeated.

    Attributes:
        taken_at: Time of the loop when it was last taken.
    """

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._held = False
        self.taken_at = 0.0

    async def take(self) -> None:
        """Waits for a slot, first come, first served."""
        if not self._held:
            await self._free.acquire()
            self._held = True
            self.taken_at = asyncio.get_running_loop().time()

    def give_back(self) -> None:
        """Lets the next one have it."""
        if self._held:
            self._held = False
            self._free.release()

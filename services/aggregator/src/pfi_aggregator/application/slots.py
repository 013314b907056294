"""Slots, a few, that streams take in turn."""

import asyncio

_SLOTS = 8
_PATIENCE_SECONDS = 0.5
_SLICE_SECONDS = 1.0


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


class Slots:
    """Slots that streams take in turn.

    Args:
        slots: How many fast streams go on at a time.
        patience_seconds: A stream whose chunk takes longer is slow, and gives its slot to another.
        slice_seconds: A stream that has had a slot for so long queues again.
    """

    def __init__(
        self,
        slots: int = _SLOTS,
        patience_seconds: float = _PATIENCE_SECONDS,
        slice_seconds: float = _SLICE_SECONDS,
    ) -> None:
        self._free = asyncio.Semaphore(slots)
        self._patience_seconds = patience_seconds
        self._slice_seconds = slice_seconds

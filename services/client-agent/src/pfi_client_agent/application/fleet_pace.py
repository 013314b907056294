"""Spreads calls over time, so that a fleet does not take a rate limit up alone."""

import asyncio


class Pace:
    """Turns that come at a steady rate.

    Args:
        per_second: Turns in a second.
    """

    def __init__(self, per_second: float) -> None:
        self._gap_seconds = 1.0 / per_second
        self._next_at = 0.0

    async def turn(self) -> None:
        """Wait for the next turn; turns are given in the order of the calls."""
        now = asyncio.get_running_loop().time()
        turn_at = max(now, self._next_at)
        self._next_at = turn_at + self._gap_seconds
        await asyncio.sleep(turn_at - now)

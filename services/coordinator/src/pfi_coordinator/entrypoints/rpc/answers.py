"""Answers of one session that are still to be sent."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Answers(Generic[T]):
    """A queue that costs an idle session next to nothing: `asyncio.Queue` takes 3 KB.

    Args:
        most: So many may wait; whoever brings another one waits as well.
    """

    __slots__ = ("_most", "_room", "_waiting")

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[T] = []
        self._room: asyncio.Event | None = None

    async def put(self, answer: T) -> None:
        """Adds an answer, when there is room; one task at a time."""
        if len(self._waiting) >= self._most:
            self._room = asyncio.Event()
            await self._room.wait()
        self._waiting.append(answer)

    def take(self) -> list[T]:
        """Takes all of them, oldest first."""
        taken, self._waiting = self._waiting, []
        if self._room is not None:
            self._room.set()
            self._room = None
        return taken

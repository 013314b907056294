"""One at a time, by name."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Turns:
    """Asyncio locks by name, which exist only while someone holds or awaits them."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._users: Counter[Hashable] = Counter()

    @asynccontextmanager
    async def take(self, name: Hashable) -> AsyncIterator[None]:
        """Holds the name's lock inside the context."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._users[name] += 1
        try:
            async with lock:
                yield
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name], self._locks[name]

    def is_awaited(self, name: Hashable) -> bool:
        """Whether someone awaits a name that someone else holds."""
        return self._users[name] > 1

    def is_taken(self, name: Hashable) -> bool:
        """Whether someone holds or awaits the name. May be asked from any thread."""
        return name in self._locks

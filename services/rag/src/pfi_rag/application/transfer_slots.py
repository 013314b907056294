"""How many documents are in memory at once, shared fairly among owners."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pfi_rag.domain.ownership import Owner

_AT_ONCE = 8
_PER_OWNER = 2
_TRANSFER_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 64 << 10


@dataclass
class _Share:
    """What one owner may hold.

    Attributes:
        turns: Places.
        users: Blocks that hold one or wait for one.
    """

    turns: asyncio.Semaphore
    users: int = 0


class TransferSlots:
    """Places for documents that come in or are taken; who waits comes in the order of asking.

    An owner waits for a place of its own before one of all, so that it holds and asks for few of
    them, however many calls it makes.

    Args:
        at_once: Places of all owners together.
        per_owner: Places of one owner.
    """

    def __init__(self, at_once: int = _AT_ONCE, per_owner: int = _PER_OWNER) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._per_owner = per_owner
        self._shares: dict[str, _Share] = {}

    @asynccontextmanager
    async def one(self, owner: Owner) -> AsyncIterator[None]:
        """Holds a place, for which it waits."""
        share = self._shares.setdefault(owner.uri, _Share(asyncio.Semaphore(self._per_owner)))
        share.users += 1
        try:
            async with share.turns, self._all:
                yield
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[owner.uri]


def transfer_seconds(size_bytes: int) -> float:
    """Gives how long bytes may take to come while they hold a place: 64 KiB/s, and a minute."""
    return _TRANSFER_SECONDS + size_bytes / _SLOWEST_BYTES_PER_SECOND

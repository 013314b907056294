"""The revocation list in memory: who is refused, and how old that knowledge is."""

import asyncio
from collections.abc import Set as AbstractSet

from pfi_common.clock import Clock
from pfi_common.errors import ClientRevokedError, RevocationListStaleError


class RevocationList:
    """Revoked clients, as last read. It fails closed: too old, it refuses every client.

    Used from one event loop.
    """

    def __init__(self, clock: Clock, maximum_age_seconds: float = 600) -> None:
        self._clock = clock
        self._maximum_age_seconds = maximum_age_seconds
        self._clients: frozenset[str] = frozenset()
        self._read_at: float | None = None
        self._changed = asyncio.Event()

    @property
    def clients(self) -> frozenset[str]:
        """The revoked clients."""
        return self._clients

    def replace(self, clients: AbstractSet[str]) -> None:
        """Takes what was just read; wakes those who wait when it differs."""
        self._read_at = self._clock.monotonic()
        if clients != self._clients:
            self._clients = frozenset(clients)
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def revoked(self, client: str) -> bool:
        """True when the client is known to be revoked."""
        return client in self._clients

    def stale(self) -> bool:
        """True when the list was never read, or not for too long."""
        if self._read_at is None:
            return True
        return self._clock.monotonic() - self._read_at > self._maximum_age_seconds

    def check(self, client: str) -> None:
        """Lets a client pass.

        Raises:
            ClientRevokedError: It is revoked.
            RevocationListStaleError: Nobody knows: the list is too old.
        """
        if self.revoked(client):
            raise ClientRevokedError
        if self.stale():
            raise RevocationListStaleError

    async def wait_for_change(self) -> None:
        """Returns when the list differs from what it is now."""
        await self._changed.wait()

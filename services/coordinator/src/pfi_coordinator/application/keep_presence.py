"""Keeps this replica present: its sign of life, its sessions, and an eye on the store."""

import asyncio
from contextlib import suppress

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.signals import Resynchronise, Signal
from pfi_coordinator.application.session_hub import SessionHub
from pfi_coordinator.domain.members import Session

_BEAT_SECONDS = 2.0


class KeepPresence:
    """One task of each replica."""

    def __init__(
        self, replica: str, presence: Presence, hub: SessionHub, guard: GuardStore
    ) -> None:
        self._replica = replica
        self._presence = presence
        self._hub = hub
        self._guard = guard
        self._ghosts: set[Session] = set()
        self._news = asyncio.Event()

    def notice(self, signal: Signal) -> None:
        """After a gap, looks whether the store still knows of the sessions here."""
        if isinstance(signal, Resynchronise):
            self._news.set()

    async def start(self) -> None:
        """Begins with no sessions: those of an earlier process of this replica are gone."""
        await self._presence.clear(self._replica)
        await self._presence.beat(self._replica)

    async def run(self) -> None:
        """Beats for ever."""
        while True:
            with suppress(StoreUnavailableError):
                await self._guard.look()
                await self._presence.beat(self._replica)
                await self._reconcile()
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._news.wait()

    async def _reconcile(self) -> None:
        """Makes the store tell of exactly the sessions that are held here.

        One that is recorded and not held may just be opening: it is a ghost at the second look.
        """
        recorded = await self._presence.connected()
        held = set(self._hub.records())
        astray = {item for item in recorded if item.replica == self._replica} - held
        for session in self._ghosts & astray:
            await self._presence.leave(session)
        known = {session.client for session in recorded if session not in self._ghosts & astray}
        self._ghosts = astray - self._ghosts
        for session in held:
            if session.client not in known:
                await self._presence.enter(session)

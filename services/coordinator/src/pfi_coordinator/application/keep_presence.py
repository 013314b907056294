"""Keeps this replica present: its sign of life, its sessions, and an eye on the store."""

import asyncio

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.signals import Resynchronise, Signal
from pfi_coordinator.application.session_hub import SessionHub

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
        self._restore = False
        self._news = asyncio.Event()

    def notice(self, signal: Signal) -> None:
        """After a gap, looks whether the store still knows of the sessions here."""
        if isinstance(signal, Resynchronise):
            self._restore = True
            self._news.set()

    async def start(self) -> None:
        """Begins with no sessions: those of an earlier process of this replica are gone."""
        await self._presence.clear(self._replica)
        await self._presence.beat(self._replica)

    async def run(self) -> None:
        """Beats for ever."""
        while True:
            try:
                await self._presence.beat(self._replica)
                await self._guard.look()
                await self._restore_sessions()
            except StoreUnavailableError:
                self._restore = True
            self._news.clear()
            try:
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _restore_sessions(self) -> None:
        if not self._restore:
            return
        known = {session.client for session in await self._presence.connected()}
        for session in self._hub.records():
            if session.client not in known:
                await self._presence.enter(session)
        self._restore = False

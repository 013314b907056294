"""The sessions that this replica holds, and how they are woken."""

import asyncio

from pfi_common.errors import PlatformError, SessionSupersededError
from pfi_coordinator.application.ports.signals import (
    InboxChanged,
    Resynchronise,
    SessionReplaced,
    Signal,
)
from pfi_coordinator.domain.members import Session


class SessionLink:
    """One open stream, as others see it: it can be woken, and told to end."""

    def __init__(self, record: Session) -> None:
        self.record = record
        self.error: PlatformError | None = None
        self.news = asyncio.Event()
        self.news.set()

    @property
    def client(self) -> str:
        """Whose stream it is."""
        return self.record.client

    def wake(self) -> None:
        """Says that the inbox may have changed."""
        self.news.set()

    def end(self, error: PlatformError) -> None:
        """Ends the stream with an error."""
        self.error = error
        self.news.set()


class SessionHub:
    """Links by client; a client has at most one here."""

    def __init__(self) -> None:
        self._links: dict[str, SessionLink] = {}

    def add(self, link: SessionLink) -> None:
        """Adds a link; the client's older one ends."""
        older = self._links.get(link.client)
        if older is not None:
            older.end(SessionSupersededError())
        self._links[link.client] = link

    def remove(self, link: SessionLink) -> None:
        """Removes a link, unless a newer one has taken its place."""
        if self._links.get(link.client) is link:
            del self._links[link.client]

    def notice(self, signal: Signal) -> None:
        """Wakes or ends the links that a signal concerns."""
        if isinstance(signal, InboxChanged) and signal.client in self._links:
            self._links[signal.client].wake()
        elif isinstance(signal, SessionReplaced):
            self._replace(signal)
        elif isinstance(signal, Resynchronise):
            for link in self._links.values():
                link.wake()

    def wake_all(self) -> None:
        """Makes every stream look around, for instance because the service is draining."""
        for link in self._links.values():
            link.wake()

    def records(self) -> list[Session]:
        """Gives every session that is held here."""
        return [link.record for link in self._links.values()]

    def __len__(self) -> int:
        return len(self._links)

    def _replace(self, signal: SessionReplaced) -> None:
        link = self._links.get(signal.client)
        if link is not None and link.record.session == signal.session:
            link.end(SessionSupersededError())

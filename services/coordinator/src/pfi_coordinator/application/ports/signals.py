"""How replicas wake each other."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RunChanged:
    """State, outbox or rows of a run changed."""

    run: str


@dataclass(frozen=True, slots=True)
class ClientsChanged:
    """A client connected or left: waiting runs look again."""


@dataclass(frozen=True, slots=True)
class InboxChanged:
    """A client of this replica has something new in its inbox."""

    client: str


@dataclass(frozen=True, slots=True)
class SessionReplaced:
    """A client of this replica has opened another session elsewhere."""

    client: str
    session: str


@dataclass(frozen=True, slots=True)
class Resynchronise:
    """Signals may have been missed: look at everything again."""


Signal = RunChanged | ClientsChanged | InboxChanged | SessionReplaced | Resynchronise


class Signals(Protocol):
    """Wake-ups. They carry no data: whoever is woken looks at the store.

    Sending raises StoreUnavailableError when the store does not answer.
    """

    async def run_changed(self, run: str) -> None:
        """Wakes the leader and everyone who watches the run."""
        ...

    async def clients_changed(self) -> None:
        """Wakes the leader."""
        ...

    async def inbox_changed(self, clients: Sequence[str]) -> None:
        """Wakes the replicas that hold these clients' sessions."""
        ...

    async def session_replaced(self, replica: str, client: str, session: str) -> None:
        """Asks a replica to end a session."""
        ...

    def listen(self, replica: str) -> AsyncIterator[Signal]:
        """Gives the signals for a replica, for ever.

        The first one is `Resynchronise`, and so is the first one after the store was away.
        """
        ...

import asyncio
from collections.abc import AsyncIterator, Sequence

from tests.support.coordinator.memory import Memory

from pfi_coordinator.application.ports.signals import (
    ClientsChanged,
    InboxChanged,
    Resynchronise,
    RunChanged,
    SessionReplaced,
    Signal,
)
from pfi_coordinator.domain.members import Session
from pfi_coordinator.domain.replicas import Replica


class MemoryPresence:
    """In-memory twin of `pfi_coordinator.application.ports.presence.Presence`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def enter(self, session: Session) -> Session | None:
        old = self._memory.sessions.get(session.client)
        self._memory.sessions[session.client] = session
        return old

    async def change(self, before: Session, after: Session) -> bool:
        if self._memory.sessions.get(before.client) != before:
            return False
        self._memory.sessions[before.client] = after
        return True

    async def leave(self, session: Session) -> None:
        if self._memory.sessions.get(session.client) == session:
            del self._memory.sessions[session.client]

    async def connected(self) -> list[Session]:
        return [
            session
            for session in self._memory.sessions.values()
            if session.replica in self._memory.replicas
        ]

    async def beat(self, replica: str) -> None:
        self._memory.replicas.add(replica)

    async def clear(self, replica: str) -> None:
        for session in list(self._memory.sessions.values()):
            if session.replica == replica:
                await self.leave(session)


class MemoryReplicaDirectory:
    """In-memory twin of
    `pfi_coordinator.application.ports.replica_directory.ReplicaDirectory`.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def announce(self, replica: Replica) -> None:
        self._memory.announced[replica.name] = replica

    async def all(self) -> list[Replica]:
        return list(self._memory.announced.values())


class MemorySignals:
    """In-memory twin of `pfi_coordinator.application.ports.signals.Signals`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def run_changed(self, run: str) -> None:
        self._memory.broadcast(RunChanged(run))

    async def clients_changed(self) -> None:
        self._memory.broadcast(ClientsChanged())

    async def inbox_changed(self, clients: Sequence[str]) -> None:
        for client in clients:
            if client in self._memory.sessions:
                self._memory.send(self._memory.sessions[client].replica, InboxChanged(client))

    async def session_replaced(self, replica: str, client: str, session: str) -> None:
        self._memory.send(replica, SessionReplaced(client, session))

    async def listen(self, replica: str) -> AsyncIterator[Signal]:
        queue: asyncio.Queue[Signal] = asyncio.Queue()
        queues = self._memory.listeners.setdefault(replica, [])
        queues.append(queue)
        try:
            yield Resynchronise()
            while True:
                yield await queue.get()
        finally:
            queues.remove(queue)


class MemoryLeadership:
    """In-memory twin of `pfi_coordinator.application.ports.leadership.Leadership`.

    Its lease does not run out by itself; `expire` lets it. `store` names the store's process.
    """

    def __init__(self) -> None:
        self._held: tuple[str, str] | None = None
        self._token = 0
        self.store = "process-0"

    def expire(self) -> None:
        self._held = None

    async def acquire(self, replica: str, holder: str) -> bool:
        if self._held is not None and self._held[0] != replica:
            return False
        self._held = (replica, holder)
        return True

    async def renew(self, replica: str, holder: str) -> bool:
        return self._held == (replica, holder)

    async def release(self, replica: str, holder: str) -> None:
        if await self.renew(replica, holder):
            self._held = None

    async def incarnation(self) -> str:
        return self.store

    async def next_token(self, floor: int) -> int:
        self._token = max(self._token, floor) + 1
        return self._token

"""What the in-memory twins share, as the adapters share one Redis."""

import asyncio
from dataclasses import dataclass, field

from pfi_coordinator.application.ports.signals import RunChanged, Signal
from pfi_coordinator.application.records import LoggedEvent, RunDocument
from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.members import Client, Session
from pfi_coordinator.domain.replicas import Replica
from pfi_coordinator.domain.state import AdapterVersion, RoundState, RunState
from pfi_coordinator.domain.tasks import Notice, TaskRow


@dataclass
class MemoryRun:
    document: RunDocument
    state: RunState
    revision: int = 0
    changes: int = 0
    outbox: dict[str, Effect] = field(default_factory=dict)
    log: list[LoggedEvent] = field(default_factory=list)
    rounds: dict[str, RoundState] = field(default_factory=dict)
    adapters: dict[str, AdapterVersion] = field(default_factory=dict)
    newest: dict[str, AdapterVersion] = field(default_factory=dict)
    facts: dict[str, ClientFacts] = field(default_factory=dict)


@dataclass
class Memory:
    """One federation's state."""

    runs: dict[str, MemoryRun] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    rows: dict[tuple[str, str], dict[str, TaskRow]] = field(default_factory=dict)
    inboxes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    notices: dict[str, list[Notice]] = field(default_factory=dict)
    recent_runs: dict[str, list[str]] = field(default_factory=dict)
    last_published: str | None = None
    clients: dict[str, Client] = field(default_factory=dict)
    speeds: dict[str, float] = field(default_factory=dict)
    revoked: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    replicas: set[str] = field(default_factory=set)
    announced: dict[str, Replica] = field(default_factory=dict)
    listeners: dict[str, list[asyncio.Queue[Signal]]] = field(default_factory=dict)

    def broadcast(self, signal: Signal) -> None:
        for queues in self.listeners.values():
            for queue in queues:
                queue.put_nowait(signal)

    def send(self, replica: str, signal: Signal) -> None:
        for queue in self.listeners.get(replica, []):
            queue.put_nowait(signal)

    def changed(self, run: str) -> None:
        if run in self.runs:
            self.runs[run].changes += 1
        self.broadcast(RunChanged(run))

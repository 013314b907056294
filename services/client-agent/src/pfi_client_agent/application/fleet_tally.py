"""What the clients of a fleet do, counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pfi.coordinator.v1.task_pb2 import Task
from pfi_common.errors import PlatformError

_SHOWN_FAILURES = 3


@dataclass
class FleetTally:
    """Counts of one fleet, kept on the event loop's thread; clients go by their numbers.

    Attributes:
        clients: Clients in all.
        enrolled: Clients with an identity.
        connected: Clients with an open session.
        waiting: Clients whose task waits for its turn.
        working: Clients whose task is at work: transferring, or in the learning thread.
        current: The newest work in words, such as `r-1 round 2`.
        done: Clients that finished the newest work.
        tasks_done: Finished tasks.
        tasks_given_back: Tasks that were given back.
        failed: Clients that ended, and why.
    """

    clients: int
    enrolled: int = 0
    connected: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    working: set[int] = field(default_factory=set)
    current: str = ""
    done: set[int] = field(default_factory=set)
    tasks_done: int = 0
    tasks_given_back: int = 0
    failed: dict[int, BaseException] = field(default_factory=dict)

    def task_arrived(self, client: int, task: Task) -> None:
        """A client has a task; the first one of a round begins a new count."""
        self.waiting.add(client)
        if (name := _work_of(task)) != self.current:
            self.current = name
            self.done.clear()

    def task_began(self, client: int) -> None:
        """A client's task has its turn."""
        self.waiting.discard(client)
        self.working.add(client)

    def task_ended(self, client: int, task: Task, *, completed: bool | None) -> None:
        """A task is done, given back (completed is False) or stopped (None)."""
        self.waiting.discard(client)
        self.working.discard(client)
        if completed and _work_of(task) == self.current:
            self.done.add(client)
        self.tasks_done += completed is True
        self.tasks_given_back += completed is False

    def client_failed(self, client: int, error: BaseException) -> None:
        """A client has ended; the others go on."""
        self.failed[client] = error
        for group in (self.connected, self.waiting, self.working):
            group.discard(client)

    def summary(self) -> str:
        """Say how many clients failed, and why the first ones did."""
        first = sorted(self.failed.items())[:_SHOWN_FAILURES]
        shown = "; ".join(f"client {number}: {cause(error)}" for number, error in first)
        more = "; ..." if len(self.failed) > _SHOWN_FAILURES else ""
        return f"{len(self.failed)} of {self.clients} clients failed: {shown}{more}"

    def counts(self) -> Mapping[str, int]:
        """Give what people look at, in the order in which it happens."""
        return {
            "enrolled": self.enrolled,
            "connected": len(self.connected),
            "waiting": len(self.waiting),
            "training": len(self.working),
            "done": len(self.done),
            "failed": len(self.failed),
        }


def cause(error: BaseException) -> str:
    """Say in a line why a client ended."""
    if isinstance(error, PlatformError):
        return f"{error.reason} ({error.message})"
    return type(error).__name__


def _work_of(task: Task) -> str:
    kind = task.WhichOneof("work")
    return f"{task.run} round {task.round}" if kind == "train" else f"{task.run} {kind}"

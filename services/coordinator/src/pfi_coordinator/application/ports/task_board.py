"""Where tasks lie until their clients have done them."""

from collections.abc import Sequence
from typing import Protocol

from pfi_coordinator.domain.tasks import (
    Assignment,
    Inbox,
    Notice,
    RowChange,
    TaskName,
    TaskRow,
    TaskState,
)


class TaskBoard(Protocol):
    """Open tasks and notices per client, and a row per task for people.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def hand_out(self, assignments: Sequence[Assignment]) -> None:
        """Puts tasks into their clients' inboxes.

        A task that was handed out before is left as it is, also when it is finished by now.
        """
        ...

    async def take_back(self, names: Sequence[TaskName], state: TaskState) -> None:
        """Ends tasks that are not finished, and tells their clients.

        A committed task is not abandoned any more: its update counts. One that was not handed out
        yet never will be: a leader that was superseded meanwhile may still want to.
        """
        ...

    async def change(self, changes: Sequence[RowChange]) -> None:
        """Merges news into rows that exist; a row never goes back."""
        ...

    async def finish(self, change: RowChange) -> None:
        """Merges the last news of a task and takes it from the inbox. May be repeated."""
        ...

    async def is_open(self, name: TaskName) -> bool:
        """Says whether the task is in its client's inbox."""
        ...

    async def inbox(self, client: str) -> Inbox:
        """Gives what a client has to be sent."""
        ...

    async def tell(self, clients: Sequence[str], notice: Notice) -> None:
        """Adds a notice to each client's inbox."""
        ...

    async def rows(self, run: str, scopes: Sequence[str]) -> list[dict[str, TaskRow]]:
        """Gives the rows of each scope, by client."""
        ...

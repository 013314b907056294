"""What a session has to send: everything in the client's inbox that it has not sent yet."""

from dataclasses import dataclass

from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.domain.tasks import Notice


@dataclass(frozen=True, slots=True)
class Delivery:
    """Notices, oldest first, and then tasks."""

    notices: tuple[Notice, ...]
    tasks: tuple[bytes, ...]


class InboxReader:
    """Reads one client's inbox for one session; a new session sends everything again."""

    def __init__(self, board: TaskBoard, client: str) -> None:
        self._board = board
        self._client = client
        self._sent_tasks: set[str] = set()
        self._sent_notices: set[Notice] = set()

    async def unsent(self) -> Delivery:
        """Gives what is new, and takes it for sent."""
        inbox = await self._board.inbox(self._client)
        notices = [item for item in reversed(inbox.notices) if item not in self._sent_notices]
        tasks = {task: item for task, item in inbox.tasks.items() if task not in self._sent_tasks}
        # What is no longer in the inbox cannot come again, so the memory stays small.
        self._sent_notices = set(inbox.notices)
        self._sent_tasks = set(inbox.tasks)
        return Delivery(tuple(notices), tuple(tasks.values()))

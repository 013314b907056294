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
        self._sent_tasks: tuple[str, ...] = ()
        self._sent_notices: tuple[Notice, ...] = ()

    async def unsent(self) -> Delivery:
        """Gives what is new, and takes it for sent."""
        inbox = await self._board.inbox(self._client)
        sent = {*self._sent_tasks, *self._sent_notices}
        notices = [item for item in reversed(inbox.notices) if item not in sent]
        tasks = [message for task, message in inbox.tasks.items() if task not in sent]
        # What is no longer in the inbox cannot come again, so the memory stays small.
        self._sent_notices, self._sent_tasks = inbox.notices, tuple(inbox.tasks)
        return Delivery(tuple(notices), tuple(tasks))

"""Notes how far tasks are, in batches: progress is for people and may be lost."""

import asyncio

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.domain.tasks import RowChange, TaskName, TaskState

_INTERVAL_SECONDS = 0.25


class RecordProgress:
    """Keeps the last news of each task until the next batch is written."""

    def __init__(self, board: TaskBoard, interval_seconds: float = _INTERVAL_SECONDS) -> None:
        self._board = board
        self._interval_seconds = interval_seconds
        self._latest: dict[TaskName, RowChange] = {}
        self._news = asyncio.Event()

    def __call__(self, client: str, task: str, steps_done: int, steps_total: int) -> None:
        """Takes a report; one about somebody else's task is dropped."""
        name = TaskName.parse(task)
        if name is None or name.client != client or steps_done > steps_total:
            return
        self._latest[name] = RowChange(
            name, TaskState.TRAINING, steps_done=steps_done, steps_total=steps_total
        )
        self._news.set()

    async def run(self) -> None:
        """Writes batches for ever."""
        while True:
            await self._news.wait()
            await asyncio.sleep(self._interval_seconds)
            await self.flush()

    async def flush(self) -> None:
        """Writes what has come since the last batch."""
        self._news.clear()
        batch, self._latest = self._latest, {}
        try:
            await self._board.change(list(batch.values()))
        except StoreUnavailableError:
            return

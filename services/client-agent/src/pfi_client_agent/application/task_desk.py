"""Takes tasks from sessions, does them one at a time, and keeps results until they are recorded.

Sessions come and go; the work goes on. A task may be delivered any number of times.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from pfi.coordinator.v1.session_service_pb2 import (
    SessionRequest,
    TaskCompleted,
    TaskProgress,
    TaskResult,
)
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.application.perform_task import abandoned, completed
from pfi_client_agent.domain.abandonment import TaskStoppedError, abandon_reason

Perform = Callable[[Task, TaskControl], Awaitable[TaskCompleted]]
"""Does one task."""

_PROGRESS_SECONDS = 0.5


class TaskDesk:
    """The tasks of one agent.

    Args:
        perform: Does one task.
        observer: Is told what happens.
        journal: Is told how each task ended: the task, its outcome, its seconds.
    """

    def __init__(
        self, perform: Perform, observer: Observer, journal: Callable[[Task, str, float], None]
    ) -> None:
        self._perform = perform
        self._observer = observer
        self._journal = journal
        self._waiting: dict[str, Task] = {}
        self._current: _Work | None = None
        self._results: dict[str, TaskResult] = {}
        self._arrived = asyncio.Event()
        self._outgoing: asyncio.Queue[SessionRequest] | None = None

    def connect(self) -> "asyncio.Queue[SessionRequest]":
        """Give what a new session has to send: first the results that are not recorded yet."""
        self._outgoing = asyncio.Queue()
        for result in self._results.values():
            self._send(SessionRequest(result=result))
        return self._outgoing

    def disconnect(self) -> None:
        """The session is over; results wait for the next one."""
        self._outgoing = None

    def offer(self, task: Task) -> None:
        """Take a task, unless it is at work or done already."""
        result = self._results.get(task.task)
        if result is not None:
            self._send(SessionRequest(result=result))
        elif self._current is None or self._current.task.task != task.task:
            self._waiting[task.task] = task
            self._arrived.set()

    def cancel(self, task_id: str) -> None:
        """Stop a task and forget it."""
        self._waiting.pop(task_id, None)
        self._results.pop(task_id, None)
        if self._current is not None and self._current.task.task == task_id:
            self._current.stop()

    def recorded(self, task_id: str) -> None:
        """The coordinator has a result; it is not sent again."""
        self._results.pop(task_id, None)

    async def work(self) -> None:
        """Do tasks as they come, until this is cancelled."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._waiting:
                    task = self._waiting.pop(next(iter(self._waiting)))
                    await self._do(task)
        finally:
            if self._current is not None:
                self._current.stop()

    async def _do(self, task: Task) -> None:
        started = time.monotonic()
        self._observer.task_started(task)
        self._current = _Work(task, self._perform, partial(self._progress, task))
        # Whatever a task raises is its own end and not the agent's.
        await asyncio.wait({self._current.running})
        work, self._current = self._current, None
        self._end(work, time.monotonic() - started)

    def _end(self, work: "_Work", seconds: float) -> None:
        task = work.task
        error = work.error()
        if isinstance(error, TaskStoppedError):
            self._observer.task_stopped(task)
            return
        if error is None:
            result, outcome = completed(task, work.running.result()), "completed"
            self._observer.task_completed(task, seconds)
        else:
            result, outcome = abandoned(task, error), abandon_reason(error).lower()
            self._observer.task_abandoned(task, outcome, error)
        self._journal(task, outcome, seconds)
        self._results[task.task] = result
        self._send(SessionRequest(result=result))

    def _progress(self, task: Task, steps_done: int, steps_total: int) -> None:
        self._observer.task_progress(task, steps_done, steps_total)
        progress = TaskProgress(task=task.task, steps_done=steps_done, steps_total=steps_total)
        self._send(SessionRequest(progress=progress))

    def _send(self, message: SessionRequest) -> None:
        if self._outgoing is not None:
            self._outgoing.put_nowait(message)


class _Work:
    """A task that runs."""

    def __init__(self, task: Task, perform: Perform, progress: Callable[[int, int], None]) -> None:
        self.task = task
        self._loop = asyncio.get_running_loop()
        self._progress = progress
        self._reported_at = 0.0
        self._control = TaskControl(self._report)
        self.running = asyncio.ensure_future(perform(task, self._control))

    def stop(self) -> None:
        """Stop training before its next step, and transfers at once."""
        self._control.stop()
        self.running.cancel()

    def error(self) -> BaseException | None:
        """Give what the task raised."""
        return TaskStoppedError() if self.running.cancelled() else self.running.exception()

    def _report(self, steps_done: int, steps_total: int) -> None:
        """Pass progress on from the learning thread, now and then."""
        now = time.monotonic()
        if now - self._reported_at >= _PROGRESS_SECONDS:
            self._reported_at = now
            self._loop.call_soon_threadsafe(self._progress, steps_done, steps_total)

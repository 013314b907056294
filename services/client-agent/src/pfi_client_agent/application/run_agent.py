"""An agent from its first session to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from pfi.coordinator.v1.session_service_pb2 import TaskCompleted
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.perform_task import perform_task
from pfi_client_agent.application.session_loop import SessionLoop
from pfi_client_agent.application.stopping import finished_before
from pfi_client_agent.application.task_desk import TaskDesk
from pfi_client_agent.application.workplace import Workplace

PerformTask = Callable[[Task, Workplace, TaskControl], Awaitable[TaskCompleted]]
"""Does one task at a workplace; see `perform_task`."""


async def run_agent(place: Workplace, stop: asyncio.Event) -> None:
    """Work for the federation until `stop` is set, then end the learning thread.

    Raises:
        PlatformError: The federation does not want this agent any more, or it cannot learn.
    """
    try:
        await work_for_federation(place, stop)
    finally:
        await asyncio.to_thread(place.learning.close)


async def work_for_federation(
    place: Workplace, stop: asyncio.Event, perform: PerformTask = perform_task
) -> None:
    """Work for the federation until `stop` is set.

    An unfinished task is left open: the coordinator delivers it again, and then it is trained again
    from its seed, or its stored bytes are sent.

    Raises:
        PlatformError: The federation does not want this agent any more, or it cannot learn.
    """
    place.updates.sweep()
    desk = TaskDesk(
        lambda task, control: perform(task, place, control),
        place.observer,
        partial(_write_journal, place),
    )
    await finished_before(stop, _work(place, desk), SessionLoop(place, desk).run())


async def _work(place: Workplace, desk: TaskDesk) -> None:
    # Tasks wait until torch is imported; an agent that cannot learn ends and says why.
    await place.learning.ready()
    await desk.work()


def _write_journal(place: Workplace, task: Task, outcome: str, seconds: float) -> None:
    place.notes.write_journal(
        {
            "time": place.clock.now().isoformat(timespec="seconds"),
            "task": task.task,
            "run": task.run,
            "round": task.round,
            "attempt": task.attempt,
            "kind": task.WhichOneof("work"),
            "outcome": outcome,
            "seconds": round(seconds, 3),
        }
    )

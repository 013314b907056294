"""Does one task, of whatever kind, and says how it ended."""

from pfi.coordinator.v1.session_service_pb2 import (
    AbandonReason,
    TaskAbandoned,
    TaskCompleted,
    TaskResult,
)
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.evaluate_task import perform_evaluate_task
from pfi_client_agent.application.place_task import perform_place_task
from pfi_client_agent.application.train_task import perform_train_task
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.abandonment import TooLittleMemoryError, abandon_reason
from pfi_common.errors import InvalidRequestError


async def perform_task(task: Task, place: Workplace, control: TaskControl) -> TaskCompleted:
    """Do a task.

    Raises:
        InvalidRequestError: It is of a kind that this agent does not know, or malformed.
        Exception: What `perform_train_task`, `perform_evaluate_task` and `perform_place_task`
            raise.
    """
    for name in (task.task, task.run, task.base.line, task.base.digest):
        safe_name(name)
    kind = task.WhichOneof("work")
    if kind == "train":
        return await perform_train_task(task, place, control)
    if kind == "evaluate":
        return await perform_evaluate_task(task, place, control)
    if kind == "place":
        return await perform_place_task(task, place, control)
    raise InvalidRequestError("the task is of a kind that this agent does not know")


def abandoned(task: Task, error: BaseException) -> TaskResult:
    """Write the result of a task that failed.

    Nothing of the error but its kind is told, and of too little memory the two numbers.
    """
    reason = AbandonReason.Value(f"ABANDON_REASON_{abandon_reason(error)}")
    back = TaskAbandoned(reason=reason)
    if isinstance(error, TooLittleMemoryError):
        back.needed_bytes, back.available_bytes = error.needed_bytes, error.available_bytes
    return TaskResult(task=task.task, abandoned=back)


def completed(task: Task, outcome: TaskCompleted) -> TaskResult:
    """Write the result of a task that is done."""
    return TaskResult(task=task.task, completed=outcome)

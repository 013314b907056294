"""Records how a task ended, once, however often the client says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pfi_common.errors import InvalidRequestError, PermissionDeniedError, SignatureInvalidError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.ports.receipt_reader import ReceiptReader
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.domain.events import (
    ClientPlaced,
    EvaluationAnswered,
    Event,
    TasksFinished,
    TasksGivenBack,
)
from pfi_coordinator.domain.facts import ClientReport
from pfi_coordinator.domain.history import reported_speed, reported_utility
from pfi_coordinator.domain.lines import line_named, names_cluster_line
from pfi_coordinator.domain.spools import spool_in
from pfi_coordinator.domain.tasks import RowChange, TaskName, TaskState


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended on the client.

    Attributes:
        abandoned: Why the client gave the task back; empty when it is completed.
        receipt: The aggregator's signed receipt; empty for an evaluation.
        needed_bytes: Memory that the task was estimated to need, when it was given back for that.
        available_bytes: Memory that training could use then.
        metrics: Registered metrics by name.
        placed_line: The line that a new client chose; empty for other tasks.
    """

    abandoned: str = ""
    needed_bytes: int | None = None
    available_bytes: int | None = None
    receipt: bytes = b""
    metrics: Mapping[str, float] = field(default_factory=dict)
    placed_line: str = ""


class RecordResult:
    """Records results of tasks that are open; all others are recorded already, or not wanted."""

    def __init__(
        self, board: TaskBoard, runs: RunStore, receipts: ReceiptReader, apply: ApplyEvent
    ) -> None:
        self._board = board
        self._runs = runs
        self._receipts = receipts
        self._apply = apply

    async def __call__(self, client: str, task: str, outcome: Outcome) -> None:
        """Records a result. When it returns, the client need not send it again.

        Args:
            client: The caller.
            task: Task id.
            outcome: What the client says.

        Raises:
            InvalidRequestError: The task id is malformed, or a new client chose no line.
            PermissionDeniedError: The task is another client's.
            SignatureInvalidError: The receipt does not verify, or is another task's.
        """
        name = TaskName.parse(task)
        if name is None:
            raise InvalidRequestError("task: not a task id", field="task")
        if name.client != client:
            raise PermissionDeniedError("the task is another client's")
        if not await self._board.is_open(name):
            return
        change, event = await self._judge(name, outcome)
        # The task leaves the inbox last: until then a repeated result goes through all steps again.
        await self._board.change([change])
        if event is not None:
            await self._apply(name.run, replace(event, line=name.line))
        await self._board.finish(change)
        get_logger().info(
            LogEvent.TASK_RESULT_RECORDED,
            task=task,
            run=name.run,
            state=change.state.value,
            reason=outcome.abandoned or None,
            needed_bytes=outcome.needed_bytes,
            available_bytes=outcome.available_bytes,
        )

    async def _judge(self, name: TaskName, outcome: Outcome) -> tuple[RowChange, Event | None]:
        attempt = name.attempt
        if name.placement is not None:
            return _placed(name, name.placement, outcome)
        if attempt is None:
            state = TaskState.ABANDONED if outcome.abandoned else TaskState.COMPLETED
            change = RowChange(name, state, metrics=dict(outcome.metrics))
            return change, EvaluationAnswered((name.client,))
        if outcome.abandoned:
            event = TasksGivenBack(*attempt, (name.client,))
            return RowChange(name, TaskState.ABANDONED), event
        if await self._is_voided(name, attempt, outcome.receipt):
            return RowChange(name, TaskState.CANCELLED), None
        change = RowChange(name, TaskState.COMPLETED, metrics=dict(outcome.metrics))
        told = outcome.metrics
        report = ClientReport(name.client, reported_utility(told), reported_speed(told))
        return change, TasksFinished(*attempt, (name.client,), (report,))

    async def _is_voided(self, name: TaskName, attempt: tuple[int, int], statement: bytes) -> bool:
        receipt = self._receipts.read(statement, await self._spool(name, attempt))
        told = (receipt.task, receipt.client, receipt.number, receipt.attempt)
        if told != (name.text, name.client, *attempt):
            raise SignatureInvalidError("the receipt is another task's")
        return receipt.voided

    async def _spool(self, name: TaskName, attempt: tuple[int, int]) -> str:
        """Gives the spool that the task's update was dealt to."""
        state = line_named((await self._runs.load(name.run)).state, name.line)
        spool = None if state is None else spool_in(state, *attempt, name.client)
        return spool or (await self._runs.document(name.run)).spool


def _placed(name: TaskName, number: int, outcome: Outcome) -> tuple[RowChange, Event | None]:
    """Reads which line a new client chose; one that gave the question back is asked again later."""
    if outcome.abandoned:
        return RowChange(name, TaskState.ABANDONED), None
    if not names_cluster_line(outcome.placed_line):
        raise InvalidRequestError("placed_line: not the name of a line", field="placed_line")
    change = RowChange(name, TaskState.COMPLETED, metrics=dict(outcome.metrics))
    return change, ClientPlaced(number, name.client, outcome.placed_line)

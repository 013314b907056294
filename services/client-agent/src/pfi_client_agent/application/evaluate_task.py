"""The task that closes a run: losses of backbone, shared adapter, and shared with personal."""

from dataclasses import dataclass
from typing import Any

from pfi.coordinator.v1.session_service_pb2 import TaskCompleted
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.personal_store import WEIGHTS_FILE, PersonalMeta
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.metrics import given_metrics, metric_messages
from pfi_client_agent.application.personal_training import PersonalTraining, personal_work
from pfi_client_agent.application.ports import Learner, Workbench
from pfi_client_agent.application.task_facts import open_bench, schema_of, split_of
from pfi_client_agent.application.transfers import Transfers
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import Evaluation, PersonalAdapter, Vector
from pfi_common.tensors import Schema


async def perform_evaluate_task(
    task: Task, place: Workplace, control: TaskControl
) -> TaskCompleted:
    """Evaluate, keep the outcome in the state folder, and report the losses.

    Raises:
        PlatformError: The adapter or the backbone is not the run's, or cannot be fetched.
        TooFewRowsError: Too few rows.
    """
    started = place.clock.monotonic()
    schema = schema_of(task)
    async with Transfers(place, task) as transfers:
        shared = await transfers.fetch_base(schema.coordinate_count)
    control.require_running()
    evaluating = _Evaluating(task, place, control, schema, shared)
    metrics, personal = await place.learning.run(evaluating.perform)
    # A closing evaluation says that nothing of the run is trained any more.
    place.residuals.forget(task.run)
    place.notes.save_evaluation(task.run, _document(task, place, metrics, personal))
    costs = {
        "TASK_SECONDS": place.clock.monotonic() - started,
        "DOWNLOADED_BYTES": transfers.traffic.received_bytes,
    }
    return TaskCompleted(metrics=metric_messages({**metrics, **costs}))


@dataclass(frozen=True)
class _Evaluating:
    """The part that runs in the learning thread."""

    task: Task
    place: Workplace
    control: TaskControl
    schema: Schema
    shared: Vector

    def perform(self, learner: Learner) -> tuple[dict[str, float], PersonalMeta | None]:
        bench = open_bench(learner, self.task, self.schema)
        rows = split_of(self.task, self.place.data)
        started = self.place.clock.monotonic()
        personal = self._personal(bench, rows)
        losses = bench.evaluate(
            self.shared,
            personal[1] if personal else None,
            rows,
            maximum_tokens=self.task.evaluate.maximum_tokens,
        )
        seconds = self.place.clock.monotonic() - started
        return _metrics(losses, seconds), personal[0] if personal else None

    def _personal(
        self, bench: Workbench, rows: Split
    ) -> tuple[PersonalMeta, PersonalAdapter] | None:
        """Train the personal adapter beside the final shared one, if the run has any."""
        if not self.task.evaluate.HasField("personal"):
            return None
        work = personal_work(self.task, self.task.evaluate.personal, self.schema, bench)
        training = PersonalTraining(self.place.personals, self.place.observer)
        before_step = self.control.before_step(0, work.options.steps)
        training.train(work, bench, self.shared, rows, before_step)
        return training.read(work)


def _metrics(losses: Evaluation, seconds: float) -> dict[str, float]:
    return given_metrics(
        EVAL_LOSS_BACKBONE=losses.backbone,
        EVAL_LOSS_SHARED=losses.shared,
        EVAL_LOSS_PERSONAL=losses.personal,
        EVAL_ACCURACY_BACKBONE=losses.accuracy_backbone,
        EVAL_ACCURACY_SHARED=losses.accuracy_shared,
        EVAL_ACCURACY_PERSONAL=losses.accuracy_personal,
        HELD_OUT_ROWS=float(losses.held_out_rows),
        WORK_SECONDS=seconds,
    )


def _document(
    task: Task, place: Workplace, metrics: dict[str, float], personal: PersonalMeta | None
) -> dict[str, Any]:
    """Write what `pfi report` reads on this device; the weights are named, not copied."""
    weights = place.personals.path(task.run) / WEIGHTS_FILE
    return {
        "run": task.run,
        "client": place.membership.client,
        "metrics": {name.lower(): value for name, value in sorted(metrics.items())},
        "shared_digest": task.base.digest,
        "personal_adapter": str(weights.relative_to(place.root)) if personal else None,
        "personal_sha256": personal.sha256 if personal else None,
    }

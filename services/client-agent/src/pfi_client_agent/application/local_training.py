"""What a training task does in the learning thread: from the base adapter to stored bytes."""

import hashlib
from dataclasses import dataclass

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.personal_training import PersonalTraining, personal_work
from pfi_client_agent.application.ports import Learner, Workbench
from pfi_client_agent.application.task_facts import (
    backbone_of,
    key_of,
    recipe_of,
    shared_options,
    split_of,
)
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import SharedOutcome, Vector
from pfi_client_agent.domain.update import StoredUpdate
from pfi_common.tensors import Schema, encode


@dataclass(frozen=True)
class LocalTraining:
    """Training of one task.

    Attributes:
        task: The task.
        place: What tasks need.
        control: Stops it.
        schema: Schema of the shared adapter.
        base: The adapter that the round starts from.
    """

    task: Task
    place: Workplace
    control: TaskControl
    schema: Schema
    base: Vector

    def perform(self, learner: Learner) -> tuple[StoredUpdate, bytes]:
        """Train the shared and the personal adapter; the update is on disk when this returns.

        Raises:
            PlatformError: Backbone or adapter are not the run's.
            TrainingDivergedError: A loss or coordinate is not finite.
            MemoryExhaustedError: The device has too little memory.
            TooFewRowsError: Too few rows for training and evaluation.
            TaskStoppedError: Somebody stopped it.
        """
        self.control.require_running()
        bench = learner.open(backbone_of(self.task), self.schema)
        rows = split_of(self.task, self.place.data)
        started = self.place.clock.monotonic()
        before_step = self.control.before_step(0, self._steps_total)
        options = shared_options(self.task)
        outcome = bench.train_shared(self.base, rows, options, before_step)
        metrics = _metrics(outcome)
        if self.task.train.HasField("personal"):
            metrics["EVAL_LOSS_PERSONAL"] = self._train_personal(bench, rows)
        metrics["WORK_SECONDS"] = self.place.clock.monotonic() - started
        return self._store(outcome, metrics)

    @property
    def _steps_total(self) -> int:
        return self.task.train.local.steps + self.task.train.personal.steps

    def _train_personal(self, bench: Workbench, rows: Split) -> float:
        training = PersonalTraining(self.place.personals, self.place.observer)
        before_step = self.control.before_step(self.task.train.local.steps, self._steps_total)
        work = personal_work(self.task, self.task.train.personal, self.schema)
        return training.train(work, bench, self.base, rows, before_step)

    def _store(
        self, outcome: SharedOutcome, metrics: dict[str, float]
    ) -> tuple[StoredUpdate, bytes]:
        """Encode and keep the update before anything of it is sent."""
        payload = encode(self.task.train.upload_encoding, outcome.delta, seed=self.task.seed)
        update = StoredUpdate(
            key=key_of(self.task),
            recipe=recipe_of(self.task),
            payload_bytes=len(payload),
            payload_sha256=hashlib.sha256(payload).hexdigest(),
            example_count=outcome.distinct_rows,
            steps_done=self.task.train.local.steps,
            metrics=metrics,
        )
        self.place.updates.save(update, payload)
        return update, payload


def _metrics(outcome: SharedOutcome) -> dict[str, float]:
    return {
        "EVAL_LOSS_SHARED": outcome.loss_before,
        "EVAL_LOSS_LOCAL": outcome.loss_after,
        "TRAIN_LOSS": outcome.train_loss,
        "HELD_OUT_ROWS": outcome.held_out_rows,
        "STEPS_PER_SECOND": outcome.steps_per_second,
    }

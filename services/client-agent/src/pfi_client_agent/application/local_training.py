"""What a training task does in the learning thread: from the base adapter to stored bytes."""

import hashlib
from dataclasses import dataclass

from pfi.coordinator.v1.task_pb2 import HEAD_PLACEMENT_PERSONAL, Task
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.metrics import given_metrics
from pfi_client_agent.application.personal_training import PersonalTraining, personal_work
from pfi_client_agent.application.ports import Learner
from pfi_client_agent.application.task_facts import (
    key_of,
    open_bench,
    recipe_of,
    rows_of,
    split_of,
)
from pfi_client_agent.application.update_encoding import UpdateEncoding
from pfi_client_agent.application.upload_training import UploadTraining
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import BeforeStep, PersonalAdapter, SharedOutcome, Vector
from pfi_client_agent.domain.update import StoredUpdate
from pfi_common.tensors import Schema


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
        self._tell_left_out()
        rows = split_of(self.task, self.place.data)
        started = self.place.clock.monotonic()
        # A personal head is trained before what is uploaded learns beside it, which is the order of
        # Collins et al. 2021, "Exploiting Shared Representations for Personalized Federated
        # Learning", algorithm 1. Otherwise what is uploaded goes first.
        if self.task.classification.head == HEAD_PLACEMENT_PERSONAL:
            metrics, personal = self._train_personal(learner, rows, steps_before=0)
            steps_before = self.task.train.personal.steps
            outcome = self._train_shared(learner, rows, steps_before, personal)
        else:
            outcome, metrics = self._train_shared(learner, rows, 0, None), {}
            if self.task.train.HasField("personal"):
                steps_before = self.task.train.local.steps
                metrics, _ = self._train_personal(learner, rows, steps_before=steps_before)
        metrics |= _metrics(outcome)
        metrics["WORK_SECONDS"] = self.place.clock.monotonic() - started
        return self._store(outcome, metrics)

    def _tell_left_out(self) -> None:
        left_out = len(self.place.data.rows) - len(rows_of(self.task, self.place.data))
        if left_out:
            self.place.observer.rows_left_out(self.task, left_out)

    def _before_step(self, steps_before: int) -> BeforeStep:
        total = self.task.train.local.steps + self.task.train.personal.steps
        return self.control.before_step(steps_before, total)

    def _train_shared(
        self, learner: Learner, rows: Split, steps_before: int, personal: PersonalAdapter | None
    ) -> SharedOutcome:
        training = UploadTraining(self.task, self.base, rows, self._before_step(steps_before))
        return training.perform(learner, personal)

    def _train_personal(
        self, learner: Learner, rows: Split, *, steps_before: int
    ) -> tuple[dict[str, float], PersonalAdapter]:
        bench = open_bench(learner, self.task, self.schema)
        training = PersonalTraining(self.place.personals, self.place.observer)
        work = personal_work(self.task, self.task.train.personal, self.schema, bench)
        before_step = self._before_step(steps_before)
        score = training.train(work, bench, self.base, rows, before_step)
        metrics = given_metrics(
            EVAL_LOSS_PERSONAL=score.loss, EVAL_ACCURACY_PERSONAL=score.accuracy
        )
        return metrics, training.read(work)[1]

    def _store(
        self, outcome: SharedOutcome, metrics: dict[str, float]
    ) -> tuple[StoredUpdate, bytes]:
        """Encode and keep the update, and what that loses, before anything of it is sent."""
        encoded = UpdateEncoding(self.task, self.place).encode(outcome.delta)
        payload = encoded.payload
        update = StoredUpdate(
            key=key_of(self.task),
            recipe=recipe_of(self.task),
            payload_bytes=len(payload),
            payload_sha256=hashlib.sha256(payload).hexdigest(),
            example_count=outcome.distinct_rows,
            steps_done=self.task.train.local.steps,
            metrics=metrics | {"UPLOAD_ENCODING_ERROR": encoded.relative_error},
        )
        self.place.updates.save(update, payload)
        return update, payload


def _metrics(outcome: SharedOutcome) -> dict[str, float]:
    return given_metrics(
        EVAL_LOSS_SHARED=outcome.loss_before,
        EVAL_LOSS_LOCAL=outcome.loss_after,
        EVAL_ACCURACY_SHARED=outcome.accuracy_before,
        TRAIN_LOSS=outcome.train_loss,
        TRAIN_LOSS_RMS=outcome.train_loss_rms,
        TRAINED_ROWS=outcome.distinct_rows,
        HELD_OUT_ROWS=outcome.held_out_rows,
        STEPS_PER_SECOND=outcome.steps_per_second,
        TOKENS_PER_SECOND=outcome.tokens_per_second,
        PEAK_MEMORY_BYTES=outcome.peak_memory_bytes,
    )

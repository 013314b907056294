"""Learning without torch: every step moves the vector a little towards a value of the seed."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.split import Split, TooFewRowsError
from pfi_client_agent.domain.training import (
    BackboneReference,
    BeforeStep,
    Evaluation,
    FreshAdapter,
    PersonalAdapter,
    PersonalOutcome,
    SharedOutcome,
    StepOptions,
    Vector,
)
from pfi_common.errors import AdapterInvalidError, BackboneMismatchError
from pfi_common.tensors import Schema, Tensor, flatten, unflatten

HEAD_NAME = "base_model.model.score.weight"


class MemoryWorkbench:
    """In-memory twin of `pfi_client_agent.application.ports.Workbench`."""

    def __init__(
        self,
        schema: Schema,
        each_step: Callable[[], None],
        classification: Classification | None = None,
    ) -> None:
        self._schema = schema
        self._classification = classification
        self._each_step = each_step
        self.shared_trainings = 0
        self.personal_trainings = 0

    @property
    def head_tensors(self) -> tuple[Tensor, ...]:
        labels = self._classification.labels if self._classification else ()
        return (Tensor(HEAD_NAME, (len(labels), 2)),) if labels else ()

    def train_shared(
        self,
        base: Vector,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
        personal: PersonalAdapter | None = None,
    ) -> SharedOutcome:
        _check(base, self._schema)
        _require_rows(rows)
        if personal is not None:
            _check(personal.vector, personal.schema)
        self.shared_trainings += 1
        trained = self._train(base, options, before_step)
        seen = options.steps * options.batch_size * options.gradient_accumulation
        return SharedOutcome(
            delta=trained - base,
            distinct_rows=min(seen, len(rows.training)),
            train_loss=_loss(base),
            train_loss_rms=_loss(base),
            loss_before=_loss(base),
            loss_after=_loss(trained),
            held_out_rows=len(rows.held_out),
            steps_per_second=1.0,
            tokens_per_second=100.0,
            peak_memory_bytes=1000,
            accuracy_before=self._accuracy(_loss(base)),
        )

    def train_fresh(
        self,
        base: Vector,
        fresh: FreshAdapter,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> SharedOutcome:
        still = replace(options, steps=0)
        outcome = self.train_shared(base, rows, still, before_step, fresh.personal)
        start = unflatten(fresh.schema, fresh.vector.copy())
        heads = {tensor.name: tensor for tensor in self._schema.head_tensors}
        shared = unflatten(self._schema, base)
        first = flatten(fresh.schema, start | {name: shared[name] for name in heads})
        trained = self._train(first, options, before_step)
        delta = unflatten(fresh.schema, trained.copy())
        for name in heads:
            delta[name] -= shared[name]
        seen = options.steps * options.batch_size * options.gradient_accumulation
        return replace(
            outcome,
            delta=flatten(fresh.schema, delta),
            distinct_rows=min(seen, len(rows.training)),
            loss_after=_loss(base) + _loss(trained),
        )

    def train_personal(
        self,
        base: Vector,
        personal: PersonalAdapter,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> PersonalOutcome:
        _check(base, self._schema)
        _check(personal.vector, personal.schema)
        _require_rows(rows)
        self.personal_trainings += 1
        trained = self._train(personal.vector, options, before_step)
        loss = _loss(base) + _loss(trained)
        return PersonalOutcome(trained, loss, self._accuracy(loss))

    def evaluate(
        self,
        shared: Vector,
        personal: PersonalAdapter | None,
        rows: Split,
        *,
        maximum_tokens: int,
    ) -> Evaluation:
        _check(shared, self._schema)
        _require_rows(rows)
        loss = None if personal is None else _loss(shared) + _loss(personal.vector)
        return Evaluation(
            1.0,
            _loss(shared),
            loss,
            len(rows.held_out),
            self._accuracy(1.0),
            self._accuracy(_loss(shared)),
            None if loss is None else self._accuracy(loss),
        )

    def _accuracy(self, loss: float) -> float | None:
        return None if self._classification is None else 1 / (1 + loss)

    def _train(self, start: Vector, options: StepOptions, before_step: BeforeStep) -> Vector:
        target = np.random.default_rng(options.seed).normal(size=start.size).astype(np.float32)
        vector = start.copy()
        for done in range(options.steps):
            before_step(done)
            self._each_step()
            vector += np.float32(options.learning_rate) * (target - vector)
        return vector


class MemoryLearner:
    """In-memory twin of `pfi_client_agent.application.ports.Learner`.

    Args:
        backbone_digest: The one backbone that it has.

    Attributes:
        gate: Steps wait while this is not set.
        stepping: Set when a first step began.
    """

    def __init__(self, backbone_digest: str) -> None:
        self._backbone_digest = backbone_digest
        self._benches: dict[tuple[str, Classification | None], MemoryWorkbench] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.stepping = threading.Event()

    def open(
        self,
        backbone: BackboneReference,
        schema: Schema,
        classification: Classification | None = None,
    ) -> MemoryWorkbench:
        if backbone.digest != self._backbone_digest:
            raise BackboneMismatchError
        key = (schema.digest, classification)
        if key not in self._benches:
            self._benches[key] = MemoryWorkbench(schema, self._step, classification)
        return self._benches[key]

    @property
    def shared_trainings(self) -> int:
        """How often a shared adapter was trained."""
        return sum(bench.shared_trainings for bench in self._benches.values())

    @property
    def personal_trainings(self) -> int:
        """How often a personal adapter was trained."""
        return sum(bench.personal_trainings for bench in self._benches.values())

    def _step(self) -> None:
        self.stepping.set()
        # Bounded, so that a failing test does not hang.
        self.gate.wait(timeout=60)


def _check(vector: Vector, schema: Schema) -> None:
    if vector.shape != (schema.coordinate_count,) or not np.isfinite(vector).all():
        raise AdapterInvalidError


def _require_rows(rows: Split) -> None:
    if not rows.training or not rows.held_out:
        raise TooFewRowsError


def _loss(vector: Vector) -> float:
    return float(np.mean(vector.astype(np.float64) ** 2)) + 1.0

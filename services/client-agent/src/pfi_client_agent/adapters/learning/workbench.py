"""Trains and evaluates adapters on one backbone."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from pfi_client_agent.adapters.learning.adapter_model import AdapterModel
from pfi_client_agent.adapters.learning.adapter_slot import AdapterSlot
from pfi_client_agent.adapters.learning.backbone import LoadedBackbone
from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.checkpointing import checkpointing
from pfi_client_agent.adapters.learning.fresh import fresh_start, fresh_update
from pfi_client_agent.adapters.learning.loss import score
from pfi_client_agent.adapters.learning.memory import PeakMemory, exhaustion_translated
from pfi_client_agent.adapters.learning.objective import Objective, objective_of
from pfi_client_agent.adapters.learning.row_source import TrainingRows, held_out_batches
from pfi_client_agent.adapters.learning.steps import (
    Descent,
    Proximal,
    StepReport,
    run_training_steps,
)
from pfi_client_agent.domain.abandonment import TrainingDivergedError
from pfi_client_agent.domain.classification import Classification, HeadValues
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import (
    BeforeStep,
    Evaluation,
    FreshAdapter,
    PersonalAdapter,
    PersonalOutcome,
    Score,
    SharedOutcome,
    StepOptions,
    Vector,
)
from pfi_common.tensors import Schema, Tensor, unflatten


class TorchWorkbench:
    """A loaded backbone that carries adapters of one schema.

    Args:
        backbone: The backbone.
        schema: Schema of the shared adapter.
        held_out_limit: Most held-out rows that an evaluation takes.
        classification: What a classifier tells apart; None for a language model.

    Raises:
        SpecInvalidError: The backbone lacks a module that the schema names.
        SchemaMismatchError: The schema does not fit the backbone.
    """

    def __init__(
        self,
        backbone: LoadedBackbone,
        schema: Schema,
        held_out_limit: int,
        classification: Classification | None = None,
    ) -> None:
        self.schema = schema
        self._classification = classification
        self._backbone = backbone
        self._adapters = AdapterModel(backbone, schema)
        self._held_out_limit = held_out_limit
        self._objectives: dict[int, Objective] = {}

    @property
    def head_tensors(self) -> tuple[Tensor, ...]:
        """Tensors of the classifier's head; see `ports.Workbench`."""
        return () if self._adapters.head is None else self._adapters.head.tensors

    def fits(self, schema: Schema, classification: Classification | None) -> bool:
        """Tell whether this bench is for such adapters and labels."""
        return (self.schema.digest, self._classification) == (schema.digest, classification)

    def train_shared(
        self,
        base: Vector,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
        personal: PersonalAdapter | None = None,
    ) -> SharedOutcome:
        """Train the shared adapter from `base`; see `ports.Workbench`."""
        with exhaustion_translated():
            self._apply_shared(base, personal)
            return self._train_scored(
                self._adapters.shared,
                lambda trained: _difference(trained, base),
                rows,
                options,
                before_step,
            )

    def train_fresh(
        self,
        base: Vector,
        fresh: FreshAdapter,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> SharedOutcome:
        """Train a fresh adapter on top of the frozen `base`; see `ports.Workbench`."""
        with exhaustion_translated():
            self._apply_shared(base, fresh.personal)
            slot = self._adapters.upper(fresh.schema)
            slot.write(fresh_start(fresh, self.schema, base))
            self._adapters.train_upper(slot)
            return self._train_scored(
                slot,
                lambda trained: fresh_update(trained, fresh, self.schema, base),
                rows,
                options,
                before_step,
            )

    def train_personal(
        self,
        base: Vector,
        personal: PersonalAdapter,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> PersonalOutcome:
        """Train the personal adapter on top of `base`; see `ports.Workbench`."""
        with exhaustion_translated():
            slot = self._stack(base, personal)
            self._run(slot, self._training(rows, options), options, before_step)
            held_out, _ = self._held_out(rows, options.maximum_tokens)
            after = self._score(held_out)
            return PersonalOutcome(_values(slot), after.loss, after.accuracy)

    def evaluate(
        self,
        shared: Vector,
        personal: PersonalAdapter | None,
        rows: Split,
        *,
        maximum_tokens: int,
    ) -> Evaluation:
        """Measure the losses; see `ports.Workbench`."""
        with exhaustion_translated():
            held_out, held_out_rows = self._held_out(rows, maximum_tokens)
            alone = self._score_backbone(held_out)
            self._adapters.shared.write(shared)
            self._write_personal_head(personal)
            self._adapters.train_shared()
            with_shared = self._score(held_out)
            without = Evaluation(
                backbone=alone.loss,
                shared=with_shared.loss,
                personal=None,
                held_out_rows=held_out_rows,
                accuracy_backbone=alone.accuracy,
                accuracy_shared=with_shared.accuracy,
            )
            if personal is None:
                return without
            self._stack(shared, personal)
            both = self._score(held_out)
            return replace(without, personal=both.loss, accuracy_personal=both.accuracy)

    def _apply_shared(self, base: Vector, personal: PersonalAdapter | None) -> None:
        self._adapters.shared.write(base)
        self._write_personal_head(personal)
        self._adapters.train_shared()

    def _train_scored(
        self,
        slot: AdapterSlot,
        update_of: Callable[[Vector], Vector],
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> SharedOutcome:
        """Train a slot, and measure before and after."""
        held_out, held_out_rows = self._held_out(rows, options.maximum_tokens)
        before = self._score(held_out)
        training = self._training(rows, options)
        peak = PeakMemory(self._backbone.device)
        report = self._run(slot, training, options, before_step)
        return SharedOutcome(
            delta=update_of(_values(slot)),
            distinct_rows=training.distinct_rows,
            train_loss=report.mean_loss,
            train_loss_rms=report.row_loss_rms,
            loss_before=before.loss,
            loss_after=self._score(held_out).loss,
            held_out_rows=held_out_rows,
            steps_per_second=report.steps / report.seconds,
            tokens_per_second=report.tokens / report.seconds,
            peak_memory_bytes=peak.read_bytes(),
            accuracy_before=before.accuracy,
        )

    def close(self) -> None:
        """Take the adapters off the backbone, so that another workbench can use it."""
        self._adapters.detach()

    def _score_backbone(self, held_out: list[Batch]) -> Score:
        self._adapters.train_shared()
        self._write_head(self._untrained_head())
        with self._adapters.backbone_alone():
            return self._score(held_out)

    def _stack(self, base: Vector, personal: PersonalAdapter) -> AdapterSlot:
        slot = self._adapters.upper(personal.schema)
        self._adapters.shared.write(base)
        slot.write(personal.vector)
        self._adapters.train_upper(slot)
        return slot

    def _write_personal_head(self, personal: PersonalAdapter | None) -> None:
        """Use the head of this device, trained or not, where the run has no shared one."""
        if self.schema.head_tensors or self._classification is None:
            return
        if personal is None:
            self._write_head(self._untrained_head())
        else:
            self._write_head(unflatten(personal.schema, personal.vector))

    def _write_head(self, values: HeadValues) -> None:
        if self._adapters.head is not None:
            self._adapters.head.write(values)

    def _untrained_head(self) -> HeadValues:
        if self._classification is None:
            return {}
        return self._classification.untrained_head(self.head_tensors)

    def _run(
        self,
        slot: AdapterSlot,
        training: TrainingRows,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> StepReport:
        parameters = slot.parameters
        proximal = None
        if options.proximal_mu > 0:
            start = [parameter.detach().clone() for parameter in parameters]
            proximal = Proximal(options.proximal_mu, start)
        with checkpointing(self._adapters.model, active=options.gradient_checkpointing):
            return run_training_steps(
                self._adapters.model,
                parameters,
                training.steps(options),
                Descent(options.learning_rate, proximal),
                before_step,
            )

    def _training(self, rows: Split, options: StepOptions) -> TrainingRows:
        return TrainingRows(self._objective(options.maximum_tokens), rows)

    def _held_out(self, rows: Split, maximum_tokens: int) -> tuple[list[Batch], int]:
        return held_out_batches(self._objective(maximum_tokens), rows, self._held_out_limit)

    def _objective(self, maximum_tokens: int) -> Objective:
        if maximum_tokens not in self._objectives:
            self._objectives[maximum_tokens] = objective_of(
                self._backbone, maximum_tokens, self._classification
            )
        return self._objectives[maximum_tokens]

    def _score(self, batches: list[Batch]) -> Score:
        measured = score(self._adapters.model, batches)
        if not math.isfinite(measured.loss):
            raise TrainingDivergedError("a held-out loss is not finite")
        return measured


def _difference(trained: Vector, base: Vector) -> Vector:
    return (trained.astype(np.float64) - base.astype(np.float64)).astype(np.float32)


def _values(slot: AdapterSlot) -> Vector:
    if not all(bool(torch.isfinite(parameter).all()) for parameter in slot.parameters):
        raise TrainingDivergedError("a trained coordinate is not finite")
    return slot.read()

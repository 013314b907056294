"""Trains and evaluates adapters on one backbone."""

import math

import numpy as np
import torch

from pfi_client_agent.adapters.learning.adapter_model import AdapterModel
from pfi_client_agent.adapters.learning.adapter_slot import AdapterSlot
from pfi_client_agent.adapters.learning.backbone import LoadedBackbone
from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.loss import mean_token_loss
from pfi_client_agent.adapters.learning.memory import exhaustion_translated
from pfi_client_agent.adapters.learning.row_source import TrainingRows, held_out_batches
from pfi_client_agent.adapters.learning.steps import (
    Descent,
    Proximal,
    StepReport,
    run_training_steps,
)
from pfi_client_agent.adapters.learning.tokenization import RowTokenizer
from pfi_client_agent.domain.abandonment import TrainingDivergedError
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import (
    BeforeStep,
    Evaluation,
    PersonalAdapter,
    PersonalOutcome,
    SharedOutcome,
    StepOptions,
    Vector,
)
from pfi_common.tensors import Schema


class TorchWorkbench:
    """A loaded backbone that carries adapters of one schema.

    Args:
        backbone: The backbone.
        schema: Schema of the shared adapter.
        held_out_limit: Most held-out rows that an evaluation takes.

    Raises:
        SpecInvalidError: The backbone lacks a module that the schema names.
        SchemaMismatchError: The schema does not fit the backbone.
    """

    def __init__(self, backbone: LoadedBackbone, schema: Schema, held_out_limit: int) -> None:
        self.schema = schema
        self._backbone = backbone
        self._adapters = AdapterModel(backbone, schema)
        self._held_out_limit = held_out_limit
        self._tokenizers: dict[int, RowTokenizer] = {}

    def train_shared(
        self,
        base: Vector,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> SharedOutcome:
        """Train the shared adapter from `base`; see `ports.Workbench`."""
        with exhaustion_translated():
            slot = self._adapters.shared
            slot.write(base)
            self._adapters.train_shared()
            held_out, held_out_rows = self._held_out(rows, options.maximum_tokens)
            loss_before = self._loss(held_out)
            training = self._training(rows, options)
            report = self._run(slot, training, options, before_step)
            return SharedOutcome(
                delta=_difference(slot, base),
                distinct_rows=training.distinct_rows,
                train_loss=report.mean_loss,
                loss_before=loss_before,
                loss_after=self._loss(held_out),
                held_out_rows=held_out_rows,
                steps_per_second=report.steps / report.seconds,
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
            return PersonalOutcome(vector=_values(slot), loss=self._loss(held_out))

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
            self._adapters.shared.write(shared)
            self._adapters.train_shared()
            with self._adapters.backbone_alone():
                backbone_loss = self._loss(held_out)
            shared_loss = self._loss(held_out)
            personal_loss = None
            if personal is not None:
                self._stack(shared, personal)
                personal_loss = self._loss(held_out)
            return Evaluation(backbone_loss, shared_loss, personal_loss, held_out_rows)

    def close(self) -> None:
        """Take the adapters off the backbone, so that another workbench can use it."""
        self._adapters.detach()

    def _stack(self, base: Vector, personal: PersonalAdapter) -> AdapterSlot:
        slot = self._adapters.personal(personal.schema)
        self._adapters.shared.write(base)
        slot.write(personal.vector)
        self._adapters.train_personal()
        return slot

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
        return run_training_steps(
            self._adapters.model,
            parameters,
            training.steps(options),
            Descent(options.learning_rate, proximal),
            before_step,
        )

    def _training(self, rows: Split, options: StepOptions) -> TrainingRows:
        return TrainingRows(self._backbone, self._tokenizer(options.maximum_tokens), rows)

    def _held_out(self, rows: Split, maximum_tokens: int) -> tuple[list[Batch], int]:
        tokenizer = self._tokenizer(maximum_tokens)
        return held_out_batches(self._backbone, tokenizer, rows, self._held_out_limit)

    def _tokenizer(self, maximum_tokens: int) -> RowTokenizer:
        maximum = self._backbone.maximum_tokens(maximum_tokens)
        if maximum not in self._tokenizers:
            self._tokenizers[maximum] = RowTokenizer(self._backbone.tokenizer, maximum)
        return self._tokenizers[maximum]

    def _loss(self, batches: list[Batch]) -> float:
        loss = mean_token_loss(self._adapters.model, batches)
        if not math.isfinite(loss):
            raise TrainingDivergedError("a held-out loss is not finite")
        return loss


def _difference(slot: AdapterSlot, base: Vector) -> Vector:
    trained = _values(slot).astype(np.float64)
    return (trained - base.astype(np.float64)).astype(np.float32)


def _values(slot: AdapterSlot) -> Vector:
    if not all(bool(torch.isfinite(parameter).all()) for parameter in slot.parameters):
        raise TrainingDivergedError("a trained coordinate is not finite")
    return slot.read()

"""What training is asked for, and what comes out of it. All vectors are flat, in schema order."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors import Schema

Vector = NDArray[np.float32]

BeforeStep = Callable[[int], None]
"""Called before every optimiser step with the number of steps done; may raise TaskStoppedError."""


@dataclass(frozen=True)
class BackboneReference:
    """The backbone that a run names.

    Attributes:
        model: Hub id or path.
        revision: Commit of a hub model; empty for a path.
        digest: Digest that it must have.
    """

    model: str
    revision: str
    digest: str


@dataclass(frozen=True)
class StepOptions:
    """How local training goes.

    Attributes:
        steps: Optimiser steps.
        batch_size: Rows per micro-batch.
        gradient_accumulation: Micro-batches per optimiser step.
        learning_rate: AdamW learning rate.
        proximal_mu: Weight mu of the term (mu / 2) * ||w - w_base||^2; 0 for none.
        maximum_tokens: Longest row in tokens; longer ones are cut at the end.
        seed: Seed of the order of rows, below 2^64.
        gradient_checkpointing: Activations are computed again in the backward pass.
    """

    steps: int
    batch_size: int
    gradient_accumulation: int
    learning_rate: float
    proximal_mu: float
    maximum_tokens: int
    seed: int
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class PersonalAdapter:
    """A personal adapter; it never leaves the device.

    Attributes:
        schema: Its own schema.
        vector: Its values.
    """

    schema: Schema
    vector: Vector


@dataclass(frozen=True)
class FreshAdapter:
    """First values of an adapter that is trained beside the frozen shared one, and uploaded whole.

    Attributes:
        schema: Its schema: the shared one's, maybe at another rank.
        vector: Its first values; those of a head are not used.
        personal: Holds the head of a classifier whose head is personal; none for the untrained one.
    """

    schema: Schema
    vector: Vector
    personal: PersonalAdapter | None = None


@dataclass(frozen=True)
class SharedOutcome:
    """What training of the shared adapter gave.

    Attributes:
        delta: Trained minus base, subtracted in float64; of a fresh adapter the trained factors.
        distinct_rows: Distinct rows trained on.
        train_loss: Mean loss over the steps (nats).
        train_loss_rms: Root of the mean squared loss of a row, over the rows of all steps (nats).
        loss_before: Mean loss on held-out rows with the base (nats).
        loss_after: The same with the trained adapter.
        held_out_rows: Rows evaluated on.
        steps_per_second: Optimiser steps per second of training.
        tokens_per_second: Tokens per second of training, padding excluded.
        peak_memory_bytes: Highest memory of the accelerator while it trained, or else the highest
            resident memory of the process so far.
        accuracy_before: Share of held-out rows whose label the base predicts; None without labels.
    """

    delta: Vector
    distinct_rows: int
    train_loss: float
    train_loss_rms: float
    loss_before: float
    loss_after: float
    held_out_rows: int
    steps_per_second: float
    tokens_per_second: float
    peak_memory_bytes: int
    accuracy_before: float | None = None


@dataclass(frozen=True)
class PersonalOutcome:
    """What training of the personal adapter gave.

    Attributes:
        vector: The trained values.
        loss: Mean loss on held-out rows with shared and personal adapter (nats).
        accuracy: Share of held-out rows whose label they predict; None without labels.
    """

    vector: Vector
    loss: float
    accuracy: float | None = None


@dataclass(frozen=True)
class Score:
    """What a model is worth on held-out rows.

    Attributes:
        loss: Mean loss: over tokens, or over rows of a classifier (nats).
        accuracy: Share of rows whose label is predicted; None without labels.
    """

    loss: float
    accuracy: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """Mean losses on held-out rows (nats), and for a classifier the shares predicted rightly.

    Attributes:
        backbone: With the backbone alone; a classifier's has the untrained head.
        shared: With the shared adapter.
        personal: With shared and personal adapter; None without a personal one.
        held_out_rows: Rows evaluated on.
        accuracy_backbone: Share of rows whose label is predicted; None without labels.
        accuracy_shared: The same with the shared adapter.
        accuracy_personal: The same with shared and personal adapter.
    """

    backbone: float
    shared: float
    personal: float | None
    held_out_rows: int
    accuracy_backbone: float | None = None
    accuracy_shared: float | None = None
    accuracy_personal: float | None = None

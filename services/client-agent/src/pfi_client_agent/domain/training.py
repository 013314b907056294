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
    """

    steps: int
    batch_size: int
    gradient_accumulation: int
    learning_rate: float
    proximal_mu: float
    maximum_tokens: int
    seed: int


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
class SharedOutcome:
    """What training of the shared adapter gave.

    Attributes:
        delta: Trained minus base, subtracted in float64.
        distinct_rows: Distinct rows trained on.
        train_loss: Mean token loss over the steps (nats).
        loss_before: Mean token loss on held-out rows with the base (nats).
        loss_after: The same with the trained adapter.
        held_out_rows: Rows evaluated on.
        steps_per_second: Optimiser steps per second of training.
    """

    delta: Vector
    distinct_rows: int
    train_loss: float
    loss_before: float
    loss_after: float
    held_out_rows: int
    steps_per_second: float


@dataclass(frozen=True)
class PersonalOutcome:
    """What training of the personal adapter gave.

    Attributes:
        vector: The trained values.
        loss: Mean token loss on held-out rows with shared and personal adapter (nats).
    """

    vector: Vector
    loss: float


@dataclass(frozen=True)
class Evaluation:
    """Mean token losses on held-out rows (nats).

    Attributes:
        backbone: With the backbone alone.
        shared: With the shared adapter.
        personal: With shared and personal adapter; None without a personal one.
        held_out_rows: Rows evaluated on.
    """

    backbone: float
    shared: float
    personal: float | None
    held_out_rows: int

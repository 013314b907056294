"""The inner loop: plain AdamW steps on given parameters, and nothing else."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.loss import squared_row_losses, target_losses
from pfi_client_agent.domain.abandonment import TrainingDivergedError

_CHECK_EVERY = 10


@dataclass(frozen=True)
class Proximal:
    """The term (mu / 2) * ||w - w_base||^2.

    Source: Li et al. 2020, "Federated Optimization in Heterogeneous Networks", equation 2.

    Attributes:
        mu: Weight of the term.
        base: Values of the parameters before training, in their order.
    """

    mu: float
    base: Sequence[torch.Tensor]


@dataclass(frozen=True)
class Descent:
    """How parameters move.

    Attributes:
        learning_rate: AdamW learning rate.
        proximal: Pulls the parameters back to where they started; None for nothing.
    """

    learning_rate: float
    proximal: Proximal | None = None


@dataclass(frozen=True)
class StepReport:
    """What the steps were like.

    Attributes:
        steps: Optimiser steps done.
        mean_loss: Mean loss over all steps, each before its update (nats).
        seconds: Wall time.
        tokens: Tokens trained on, those that fill rows up excluded.
        row_loss_rms: Root of the mean squared loss of a row, over the rows of all steps (nats).
    """

    steps: int
    mean_loss: float
    seconds: float
    tokens: int
    row_loss_rms: float


def run_training_steps(
    model: nn.Module,
    parameters: Sequence[nn.Parameter],
    steps: Iterable[Sequence[Batch]],
    descent: Descent,
    before_step: Callable[[int], None] = lambda _: None,
) -> StepReport:
    """Train parameters in place: one AdamW step per element of `steps`.

    The gradient of a step is that of the mean loss over all targets of its micro-batches, so
    it does not depend on how rows are divided among them. No weight decay, no clipping.

    Args:
        model: Gives logits; it must use the parameters.
        parameters: What is trained.
        steps: Micro-batches of each optimiser step.
        descent: How they move.
        before_step: Called with the number of steps done; what it raises ends the training.

    Raises:
        TrainingDivergedError: A loss is not finite.
    """
    # Decay would pull every client towards zero, which no update rule of the platform expects.
    optimizer = torch.optim.AdamW(
        parameters, lr=descent.learning_rate, weight_decay=0.0, fused=True
    )
    losses: list[torch.Tensor] = []
    squares: list[torch.Tensor] = []
    tokens = rows = 0
    started = time.perf_counter()
    for done, micro_batches in enumerate(steps):
        before_step(done)
        loss, squared_rows = _accumulate_gradients(model, micro_batches)
        losses.append(loss)
        squares.append(squared_rows)
        tokens += sum(batch.token_count for batch in micro_batches)
        rows += sum(len(batch.targets) for batch in micro_batches)
        if descent.proximal is not None:
            add_proximal_gradient(parameters, descent.proximal)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if len(losses) % _CHECK_EVERY == 0:
            _mean_loss(losses[-_CHECK_EVERY:])
    mean_loss = _mean_loss(losses)
    seconds = time.perf_counter() - started
    return StepReport(len(losses), mean_loss, seconds, tokens, _root_mean(squares, rows))


def add_proximal_gradient(parameters: Sequence[nn.Parameter], proximal: Proximal) -> None:
    """Add mu * (w - w_base), the exact gradient of the proximal term, to each gradient."""
    for parameter, base in zip(parameters, proximal.base, strict=True):
        gradient = parameter.grad
        if gradient is None:
            gradient = parameter.grad = torch.zeros_like(parameter)
        gradient.add_(parameter.detach() - base, alpha=proximal.mu)


def _accumulate_gradients(
    model: nn.Module, micro_batches: Sequence[Batch]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the mean loss of a step, and the sum of its rows' squared losses."""
    target_count = sum(batch.target_count for batch in micro_batches)
    total, squares = torch.zeros(()), torch.zeros(())
    for batch in micro_batches:
        losses = target_losses(model, batch)
        loss = losses.sum() / target_count
        loss.backward()
        total = loss.detach() + total.to(loss.device)
        squares = squared_row_losses(losses, batch) + squares.to(loss.device)
    return total, squares


def _root_mean(squares: Sequence[torch.Tensor], rows: int) -> float:
    return math.sqrt(float(torch.stack(list(squares)).sum()) / rows) if rows else 0.0


def _mean_loss(losses: Sequence[torch.Tensor]) -> float:
    if not losses:
        return 0.0
    mean = float(torch.stack(list(losses)).mean())
    if not -float("inf") < mean < float("inf"):
        raise TrainingDivergedError("the training loss is not finite")
    return mean

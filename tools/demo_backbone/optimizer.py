"""Muon in single precision for the matrices, AdamW for everything else.

Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024). The Newton-
Schulz steps run in fp32 and batched by shape, because bf16 products are slow on most CPUs.
"""

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_NEWTON_SCHULZ_STEPS = 5
_MOMENTUM = 0.95
_MATRIX_DIMENSIONS = 2
_ADAM_SHARE = 0.75
# An orthogonal update of this scale changes entries about as much as AdamW at the same rate.
_UPDATE_SCALE = 0.2


def orthogonalize(batch: Tensor) -> Tensor:
    """Move all singular values of a batch of matrices close to one.

    Shapes: (count, rows, columns) with rows <= columns.
    """
    a, b, c = _COEFFICIENTS
    result = batch / (batch.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_NEWTON_SCHULZ_STEPS):
        gram = result @ result.mT
        result = a * result + (b * gram + c * gram @ gram) @ result
    return result


class MuonWithAdam:
    """Muon for the matrices of the layers; AdamW at three quarters of the rate for the rest."""

    def __init__(self, model: nn.Module, learning_rate: float) -> None:
        """Take the parameters of a model.

        Args:
            model: Every parameter is trained.
            learning_rate: Peak rate of the matrices.
        """
        self._learning_rate = learning_rate
        self._by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
        rest: list[Tensor] = []
        for name, parameter in model.named_parameters():
            inner = parameter.ndim == _MATRIX_DIMENSIONS and "embed" not in name
            (self._by_shape[parameter.shape] if inner else rest).append(parameter)
        self._averages = [
            torch.zeros(len(matrices), *shape) for shape, matrices in self._by_shape.items()
        ]
        self._adam = torch.optim.AdamW(rest, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)

    def step(self, factor: float) -> None:
        """Update every parameter once, at a share of the peak rate, and clear the gradients."""
        rate = factor * self._learning_rate
        self._adam.param_groups[0]["lr"] = rate * _ADAM_SHARE
        self._adam.step()
        self._adam.zero_grad()
        with torch.no_grad():
            for average, matrices in zip(self._averages, self._by_shape.values(), strict=True):
                _step_matrices(matrices, average, rate)

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint needs."""
        return {"adam": self._adam.state_dict(), "averages": self._averages}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint's state."""
        self._adam.load_state_dict(state["adam"])
        self._averages = state["averages"]


def _step_matrices(matrices: list[Tensor], average: Tensor, rate: float) -> None:
    gradients = torch.stack([matrix.grad for matrix in matrices])
    average.lerp_(gradients, 1 - _MOMENTUM)
    directions = gradients.lerp(average, _MOMENTUM)
    tall = directions.shape[1] > directions.shape[2]
    updates = orthogonalize(directions.mT if tall else directions)
    scale = _UPDATE_SCALE * max(matrices[0].shape) ** 0.5
    for matrix, update in zip(matrices, updates.mT if tall else updates, strict=True):
        matrix.add_(update, alpha=-rate * scale)
        matrix.grad = None

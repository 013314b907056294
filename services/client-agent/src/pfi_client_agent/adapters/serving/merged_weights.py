"""Adapters written into the weights of a model, from the original weights each time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from pfi_client_agent.adapters.learning.lora import linear_targets
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_common.errors import AdapterInvalidError, SchemaMismatchError
from pfi_common.tensors import unflatten

_PREFIX = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"


@dataclass(frozen=True)
class _Factors:
    """One adapter's matrices on one module.

    Shapes:
        a: (rank, in); b: (out, rank).
    """

    a: torch.Tensor
    b: torch.Tensor
    scale: float

    def product(self) -> torch.Tensor:
        """Give (alpha / rank) B A, (out, in), float32."""
        return self.scale * (self.b @ self.a)


class MergedWeights:
    """W = W0 + sum over adapters of (alpha / rank) B A, for each module that carries one.

    Source: Hu et al. 2021, "LoRA", section 4.1. One product a layer less than applying adapters
    beside the backbone. W0 is never written to: a module gets another weight, so that nothing
    drifts over any number of changes, and a weight that is tied to this one stays what it is.

    Args:
        model: A causal language model without adapters.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._originals: dict[str, nn.Parameter] = {}

    def check(self, layers: Sequence[AdapterWeights]) -> None:
        """Check that adapters fit the model and can be added to its weights.

        Raises:
            SchemaMismatchError: One has other modules or shapes than the model.
            AdapterInvalidError: A value, or a weight that would come out, is not finite.
        """
        for name, factors in self._by_module(layers).items():
            if not bool(torch.isfinite(self._merged(name, factors)).all()):
                raise AdapterInvalidError(
                    "The adapter would make a weight of the backbone NaN or infinite."
                )

    def write(self, layers: Sequence[AdapterWeights]) -> None:
        """Exchange the adapters in the weights for these.

        Raises:
            SchemaMismatchError: See `check`; nothing has changed then.
        """
        by_module = self._by_module(layers)
        for name in self._originals.keys() - by_module.keys():
            self._set(name, self._originals.pop(name))
        for name, factors in by_module.items():
            merged = self._merged(name, factors)
            self._originals.setdefault(name, self._module(name).weight)
            self._set(name, nn.Parameter(merged, requires_grad=False))

    def _merged(self, name: str, factors: Sequence[_Factors]) -> torch.Tensor:
        module = self._module(name)
        original = self._originals.get(name, module.weight).detach()
        total = original.float()
        for each in factors:
            product = each.product()
            total = total + (product.T if isinstance(module, Conv1D) else product)
        return total.to(original.dtype)

    def _by_module(self, layers: Sequence[AdapterWeights]) -> dict[str, list[_Factors]]:
        found: dict[str, list[_Factors]] = {}
        for layer in layers:
            for name, factors in self._factors(layer):
                found.setdefault(name, []).append(factors)
        return found

    def _factors(self, layer: AdapterWeights) -> Iterator[tuple[str, _Factors]]:
        schema = layer.schema
        self._require_fitting(layer)
        tensors = unflatten(schema, layer.vector)
        for tensor in schema.tensors:
            if not tensor.name.endswith(_A):
                continue
            stem = tensor.name.removesuffix(_A)
            name = stem.removeprefix(_PREFIX)
            device = self._module(name).weight.device
            a, b = (
                torch.from_numpy(tensors[stem + end].copy()).to(device, torch.float32)
                for end in (_A, _B)
            )
            yield name, _Factors(a, b, schema.alpha / schema.rank)

    def _require_fitting(self, layer: AdapterWeights) -> None:
        """Check that the schema's tensors are those that LoRA on its targets has."""
        schema = layer.schema
        expected: dict[str, tuple[int, ...]] = {}
        for name, module in linear_targets(self._model, schema.target_modules).items():
            rows, columns = module.weight.shape
            into, out = (rows, columns) if isinstance(module, Conv1D) else (columns, rows)
            expected[_PREFIX + name + _A] = (schema.rank, into)
            expected[_PREFIX + name + _B] = (out, schema.rank)
        if expected != {tensor.name: tensor.shape for tensor in schema.tensors}:
            raise SchemaMismatchError("The adapter has other tensors than this backbone's modules.")

    def _module(self, name: str) -> nn.Linear | Conv1D:
        module: nn.Linear | Conv1D = self._model.get_submodule(name)
        return module

    def _set(self, name: str, weight: nn.Parameter) -> None:
        self._module(name).weight = weight

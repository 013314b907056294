"""Puts LoRA matrices on a model, and finds them again by the names of the schema."""

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from pfi_client_agent.adapters.learning.quiet import peft_advice_ignored
from pfi_common.errors import SchemaMismatchError, SpecInvalidError
from pfi_common.tensors import CAUSAL_LM, Schema, Tensor

_NAMED_AT_MOST = 3


class LoraShape(Protocol):
    """What a LoRA adapter is like; a schema and a specification's adapter both say it."""

    @property
    def rank(self) -> int:
        """LoRA rank."""
        ...

    @property
    def alpha(self) -> int:
        """LoRA alpha."""
        ...

    @property
    def target_modules(self) -> tuple[str, ...]:
        """Module names (suffixes), sorted, each once."""
        ...


def lora_schema(
    skeleton: PreTrainedModel,
    shape: LoraShape,
    *,
    task: str = CAUSAL_LM,
    head: Mapping[str, nn.Parameter] | None = None,
) -> Schema:
    """Derive the adapter schema from a model on the meta device.

    Args:
        skeleton: The model.
        shape: What the adapter is like.
        task: What it is trained for.
        head: Parameters of a shared head, by their names in files.

    Raises:
        SpecInvalidError: A target is not a linear module of the model, or a number is out of range.
    """
    require_targets(skeleton, shape.target_modules)
    model = attach_lora(skeleton, "schema", shape, on_meta=True)
    parameters = lora_parameters(model, "schema") | dict(head or {})
    tensors = (Tensor(name, tuple(parameters[name].shape)) for name in sorted(parameters))
    return Schema(tuple(tensors), shape.rank, shape.alpha, tuple(shape.target_modules), task)


def attach_lora(
    model: PreTrainedModel | PeftModel, adapter: str, shape: LoraShape, *, on_meta: bool = False
) -> PeftModel:
    """Add a LoRA adapter under a name; its values are arbitrary until they are set.

    Its matrices are float32 whatever the backbone's type, for the optimiser's sake.
    """
    names = list(shape.target_modules)
    config = LoraConfig(
        r=shape.rank,
        lora_alpha=shape.alpha,
        target_modules=names,
        lora_dropout=0.0,
        bias="none",
        # A classifier's head is ours to handle; PEFT would make a copy of it for every adapter.
        task_type="CAUSAL_LM" if _is_causal(model) else None,
        fan_in_fan_out=_is_transposed(model, names),
    )
    with peft_advice_ignored():
        if isinstance(model, PeftModel):
            model.add_adapter(adapter, config, low_cpu_mem_usage=on_meta)
            return model
        return get_peft_model(model, config, adapter_name=adapter, low_cpu_mem_usage=on_meta)


def lora_parameters(model: PeftModel, adapter: str) -> dict[str, nn.Parameter]:
    """Give one adapter's parameters by the names that PEFT writes in files."""
    pattern = re.compile(rf"(.*\.lora_[AB])\.{re.escape(adapter)}(\.weight)")
    found = ((pattern.fullmatch(name), value) for name, value in model.named_parameters())
    return {match[1] + match[2]: value for match, value in found if match}


def require_same_tensors(schema: Schema, parameters: Mapping[str, nn.Parameter]) -> None:
    """Check key by key that a model has exactly the schema's tensors.

    Raises:
        SchemaMismatchError: A tensor is missing, unknown or of another shape.
    """
    expected = {tensor.name: tensor.shape for tensor in schema.tensors}
    actual = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    differing = sorted(
        name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name)
    )
    if differing:
        raise SchemaMismatchError(
            f"The run's adapter does not fit this backbone in {len(differing)} tensor(s), for "
            f"instance {', '.join(differing[:_NAMED_AT_MOST])}."
        )


def require_targets(model: PreTrainedModel, targets: Iterable[str]) -> None:
    """Check that every target is a linear module of the model, and of no classifier's head.

    Raises:
        SpecInvalidError: One is not; the message names the modules that there are.
    """
    targets = tuple(targets)
    linear = _linear_modules(model)
    absent = [name for name in targets if not any(_carries(module, name) for module in linear)]
    if absent:
        output = model.get_output_embeddings()
        there = sorted({n.rpartition(".")[2] for n, m in linear.items() if m is not output})
        raise SpecInvalidError(
            f"adapter.target_modules: the backbone has no linear module {', '.join(absent)}; "
            f"it has {', '.join(there)}.",
            field="adapter.target_modules",
        )
    if not _is_causal(model):
        _refuse_head(model, linear_targets(model, targets))


def _refuse_head(model: PreTrainedModel, carriers: Iterable[str]) -> None:
    """A head is trained whole; LoRA on a part of it as well would be two changes of one matrix."""
    inside = [name for name in carriers if not name.startswith(f"{model.base_model_prefix}.")]
    if inside:
        raise SpecInvalidError(
            f"adapter.target_modules: {inside[0]} is in the classifier's head, which is trained "
            f"whole. Name the backbone's modules by more of their path.",
            field="adapter.target_modules",
        )


def linear_targets(model: nn.Module, targets: Iterable[str]) -> dict[str, nn.Module]:
    """Give the linear modules that carry an adapter of these targets, by their full names."""
    names = tuple(targets)
    return {
        module: linear
        for module, linear in _linear_modules(model).items()
        if any(_carries(module, name) for name in names)
    }


def _linear_modules(model: nn.Module) -> dict[str, nn.Module]:
    return {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear | Conv1D)}


def _carries(module: str, target: str) -> bool:
    return module == target or module.endswith("." + target)


def _is_causal(model: PreTrainedModel | PeftModel) -> bool:
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    return plain.get_output_embeddings() is not None


def _is_transposed(model: nn.Module, targets: Iterable[str]) -> bool:
    """Tell whether the targets keep weights as (in, out), as GPT-2's Conv1D does."""
    return any(
        isinstance(module, Conv1D)
        for name, module in model.named_modules()
        if any(_carries(name, target) for target in targets)
    )

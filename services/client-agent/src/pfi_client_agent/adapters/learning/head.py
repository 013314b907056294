"""The head of a classifier: everything of the model that its backbone does not have."""

import torch
from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel

from pfi_client_agent.domain.classification import HeadValues
from pfi_common.errors import SpecInvalidError
from pfi_common.tensors import Tensor

_FILE_PREFIX = "base_model.model."
"""What PEFT puts before the names of whole modules in its files."""


class ClassifierHead:
    """The head's parameters by the names that PEFT writes in files.

    Args:
        model: A classifier that carries adapters; they are not part of the head.
    """

    def __init__(self, model: PeftModel) -> None:
        self.parameters = head_by_file_name(model.get_base_model())

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What the head consists of, sorted by name."""
        return tuple(
            Tensor(name, tuple(value.shape)) for name, value in sorted(self.parameters.items())
        )

    def write(self, values: HeadValues) -> None:
        """Set every tensor; others among the values are left out."""
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(torch.from_numpy(values[name].copy()))


def head_by_file_name(model: PreTrainedModel) -> dict[str, nn.Parameter]:
    """Give the head's parameters by the names that PEFT writes in files.

    Raises:
        SpecInvalidError: The architecture has none that could be told from its backbone.
    """
    return {
        f"{_FILE_PREFIX}{module}.{name}": parameter
        for module in head_modules(model)
        for name, parameter in model.get_submodule(module).named_parameters()
    }


def in_float32(model: PreTrainedModel) -> None:
    """Keep a head in float32 whatever the backbone's type, for the optimiser's sake."""
    for name in head_modules(model):
        module = model.get_submodule(name)
        module.float()
        module.register_forward_pre_hook(_cast)


def head_modules(model: PreTrainedModel) -> list[str]:
    """Name the modules that hold the head's parameters.

    Raises:
        SpecInvalidError: The architecture has no such module; its head could not be found.
    """
    found = [
        name
        for name, module in model.named_children()
        if name != model.base_model_prefix and any(True for _ in module.parameters())
    ]
    if not found:
        raise SpecInvalidError(
            f"task: {type(model).__name__} has no head that could be told from its backbone.",
            field="task",
        )
    return found


def _cast(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(value.float() for value in inputs)

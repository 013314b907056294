"""One adapter of a model as a flat vector: set and read key by key, each key checked."""

from collections.abc import Sequence

import numpy as np
import torch
from peft import PeftModel
from torch import nn

from pfi_client_agent.adapters.learning.head import ClassifierHead
from pfi_client_agent.adapters.learning.lora import lora_parameters, require_same_tensors
from pfi_client_agent.domain.training import Vector
from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors import Schema, flatten, unflatten


class AdapterSlot:
    """The parameters of one adapter of a model, in schema order; a head among them if it has one.

    Args:
        model: A model that carries the adapter.
        name: The adapter's name in the model.
        schema: What the adapter must consist of.

    Raises:
        SchemaMismatchError: The model's tensors are not the schema's.
    """

    def __init__(self, model: PeftModel, name: str, schema: Schema) -> None:
        found = lora_parameters(model, name)
        if schema.head_tensors:
            found |= ClassifierHead(model).parameters
        require_same_tensors(schema, found)
        self.name = name
        self.schema = schema
        self._parameters = {tensor.name: found[tensor.name] for tensor in schema.tensors}

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """Parameters in schema order."""
        return list(self._parameters.values())

    def write(self, vector: Vector) -> None:
        """Set every tensor from a flat vector.

        Raises:
            AdapterInvalidError: The vector does not fit the schema, or is not finite.
        """
        tensors = unflatten(self.schema, vector)
        if not np.isfinite(vector).all():
            raise AdapterInvalidError("The adapter has a coordinate that is NaN or infinite.")
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(torch.from_numpy(tensors[name].copy()))

    def read(self) -> Vector:
        """Copy every tensor into a flat vector.

        Raises:
            AdapterInvalidError: A coordinate is not finite.
        """
        return flatten(
            self.schema,
            {name: value.detach().cpu().numpy() for name, value in self._parameters.items()},
        )

"""A backbone with a shared adapter and maybe another one on it; maybe with a head."""

from collections.abc import Iterator
from contextlib import contextmanager

from pfi_client_agent.adapters.learning.adapter_slot import AdapterSlot
from pfi_client_agent.adapters.learning.backbone import LoadedBackbone
from pfi_client_agent.adapters.learning.head import ClassifierHead
from pfi_client_agent.adapters.learning.lora import attach_lora, require_targets
from pfi_common.errors import SchemaMismatchError
from pfi_common.tensors import Schema

SHARED = "shared"
UPPER = "upper"


class AdapterModel:
    """Switches adapters of one model in place; the backbone is loaded once and never changed.

    Args:
        backbone: The backbone; no other adapter model may hold it.
        schema: Schema of the shared adapter.

    Raises:
        SpecInvalidError: The backbone lacks a module that the schema names.
        SchemaMismatchError: The schema does not fit the backbone.
    """

    def __init__(self, backbone: LoadedBackbone, schema: Schema) -> None:
        require_targets(backbone.model, schema.target_modules)
        self.model = attach_lora(backbone.model, SHARED, schema)
        self.head = ClassifierHead(self.model) if backbone.label_count else None
        self._upper: AdapterSlot | None = None
        try:
            self.shared = AdapterSlot(self.model, SHARED, schema)
        except SchemaMismatchError:
            self.detach()
            raise

    def upper(self, schema: Schema) -> AdapterSlot:
        """Give the slot on top of the shared adapter, made anew when its schema changed.

        It is for the personal adapter, and for the fresh one of a run that stacks adapters.
        """
        if self._upper is None or self._upper.schema != schema:
            if self._upper is not None:
                self.model.delete_adapter(UPPER)
            attach_lora(self.model, UPPER, schema)
            self._upper = AdapterSlot(self.model, UPPER, schema)
        return self._upper

    def train_shared(self) -> None:
        """Apply the shared adapter alone, and let it learn."""
        self.model.base_model.set_adapter(SHARED)
        self._learn(self.shared)

    def train_upper(self, upper: AdapterSlot) -> None:
        """Apply both adapters; only the upper one learns."""
        # PeftModel.set_adapter takes one name; the tuner below it stacks several.
        self.model.base_model.set_adapter([SHARED, UPPER])
        self._learn(upper)

    def _learn(self, slot: AdapterSlot) -> None:
        """Let one adapter's parameters learn, its head's included, and no others."""
        for parameter in self.model.parameters():
            parameter.requires_grad_(requires_grad=False)
        for parameter in slot.parameters:
            parameter.requires_grad_(requires_grad=True)

    @contextmanager
    def backbone_alone(self) -> Iterator[None]:
        """Apply no adapter; a head stays as it is."""
        with self.model.disable_adapter():
            yield

    def detach(self) -> None:
        """Take all adapters off the backbone; this object cannot be used afterwards."""
        self.model.unload()

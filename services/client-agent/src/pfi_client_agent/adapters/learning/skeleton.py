"""The backbone's architecture on the meta device: names and shapes without weights."""

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from pfi_client_agent.adapters.backbone_digest import backbone_digest
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.quiet import quieten_libraries
from pfi_client_agent.adapters.weight_files import stored_tensors, weight_files
from pfi_common.errors import BackboneUnreadableError

LOADING_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    RuntimeError,
)
"""What transformers raises for folders that it cannot load."""

_ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class Skeleton:
    """A backbone without its weights.

    Attributes:
        folder: Where it lies.
        model: The model on the meta device.
    """

    folder: Path
    model: PreTrainedModel

    @property
    def parameter_count(self) -> int:
        """Number of parameters; tied ones count once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def digest(self, cache: DigestCache) -> str:
        """Give the backbone's digest (SHA-256, hexadecimal), from the cache where it holds."""
        files = [*weight_files(self.folder), self.folder / "config.json"]
        return cache.get(self.folder, files, self._compute_digest)

    def _compute_digest(self) -> str:
        return backbone_digest(
            stored_tensors(self.folder),
            names=self.model.state_dict().keys(),
            prefix=self.model.base_model_prefix,
            tied=self.model.all_tied_weights_keys,
        )


def open_skeleton(folder: Path) -> Skeleton:
    """Build a backbone's architecture on the meta device, from its configuration alone.

    Code that comes with a backbone is never run.

    Raises:
        BackboneUnreadableError: The folder holds no causal language model that transformers knows.
    """
    quieten_libraries()
    if (folder / _ADAPTER_CONFIG).exists():
        # transformers would load the adapter silently, and it would not be in the digest.
        raise BackboneUnreadableError(f"{folder} holds an adapter ({_ADAPTER_CONFIG}).")
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except LOADING_ERRORS as error:
        raise BackboneUnreadableError(
            f"{folder} holds no causal language model that transformers can build "
            f"({type(error).__name__})."
        ) from error
    return Skeleton(folder, model)

"""The backbone's architecture on the meta device: names and shapes without weights."""

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)

from pfi_client_agent.adapters.backbone_digest import backbone_digest
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.quiet import quieten_libraries
from pfi_client_agent.adapters.weight_files import stored_tensors, weight_files
from pfi_common.errors import BackboneUnreadableError
from pfi_common.spec import BackboneSizes

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

_USUAL_WIDENING = 4
"""How much wider a feed-forward block is inside, when its configuration does not say."""

_ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class Skeleton:
    """A backbone without its weights.

    Attributes:
        folder: Where it lies.
        model: The model on the meta device.
        naming: The model whose names the digest is made with: a folder has one digest, whatever it
            is trained for.
    """

    folder: Path
    model: PreTrainedModel
    naming: PreTrainedModel

    @property
    def parameter_count(self) -> int:
        """Number of parameters; tied ones count once, and a classifier's head is one."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def sizes(self) -> BackboneSizes:
        """Widths of the backbone; every configuration of transformers tells them by these names."""
        config = self.model.config.get_text_config()
        hidden = int(config.hidden_size)
        inner = getattr(config, "intermediate_size", None) or getattr(config, "n_inner", None)
        return BackboneSizes(
            hidden=hidden,
            inner=int(inner or _USUAL_WIDENING * hidden),
            layers=int(config.num_hidden_layers),
            vocabulary=int(config.vocab_size),
            positions=getattr(config, "max_position_embeddings", None),
        )

    def digest(self, cache: DigestCache) -> str:
        """Give the backbone's digest (SHA-256, hexadecimal), from the cache where it holds."""
        files = [*weight_files(self.folder), self.folder / "config.json"]
        return cache.get(self.folder, files, self._compute_digest)

    def _compute_digest(self) -> str:
        return backbone_digest(
            stored_tensors(self.folder),
            names=self.naming.state_dict().keys(),
            prefix=self.naming.base_model_prefix,
            tied=self.naming.all_tied_weights_keys,
        )


def open_skeleton(folder: Path, label_count: int = 0) -> Skeleton:
    """Build a backbone's architecture on the meta device, from its configuration alone.

    Code that comes with a backbone is never run.

    Args:
        folder: Where it lies.
        label_count: Outputs of a classifier's head; 0 for a causal language model.

    Raises:
        BackboneUnreadableError: The folder holds no such model that transformers knows.
    """
    quieten_libraries()
    if (folder / _ADAPTER_CONFIG).exists():
        # transformers would load the adapter silently, and it would not be in the digest.
        raise BackboneUnreadableError(f"{folder} holds an adapter ({_ADAPTER_CONFIG}).")
    try:
        model = _build(folder, label_count)
        naming = _build(folder, 0) if label_count and _is_causal(model.config) else model
    except LOADING_ERRORS as error:
        kind = "classifier" if label_count else "causal language model"
        raise BackboneUnreadableError(
            f"{folder} holds no {kind} that transformers can build ({type(error).__name__})."
        ) from error
    return Skeleton(folder, model, naming)


def is_encoder(folder: Path) -> bool:
    """Tell whether a folder's model was made to read text, not to write it.

    Raises:
        BackboneUnreadableError: The folder holds no model that transformers knows.
    """
    quieten_libraries()
    try:
        return type(_config(folder)) in MODEL_FOR_MASKED_LM_MAPPING
    except LOADING_ERRORS as error:
        raise BackboneUnreadableError(
            f"{folder} holds no model that transformers can build ({type(error).__name__})."
        ) from error


def _build(folder: Path, label_count: int) -> PreTrainedModel:
    config = _config(folder)
    kind = AutoModelForCausalLM
    if label_count:
        kind, config.num_labels = AutoModelForSequenceClassification, label_count
    with torch.device("meta"):
        return kind.from_config(config, trust_remote_code=False)


def _config(folder: Path) -> PretrainedConfig:
    return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def _is_causal(config: PretrainedConfig) -> bool:
    return type(config) in MODEL_FOR_CAUSAL_LM_MAPPING

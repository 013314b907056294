"""Loads a backbone's weights and tokenizer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from pfi_client_agent.adapters.learning.head import head_modules, in_float32
from pfi_client_agent.adapters.learning.skeleton import LOADING_ERRORS
from pfi_common.errors import BackboneUnreadableError


@dataclass(frozen=True)
class LoadedBackbone:
    """A frozen backbone in memory.

    Attributes:
        digest: Its digest.
        model: The model, in evaluation mode: nothing drops out, training included.
        tokenizer: Its tokenizer.
        device: Where it runs.
        label_count: Outputs of its head; 0 for a causal language model.
    """

    digest: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: torch.device
    label_count: int = 0

    @property
    def filler(self) -> int:
        """Token id that fills rows up; masked out, so a language model takes any."""
        return _filler(self.tokenizer)

    def maximum_tokens(self, wanted: int) -> int:
        """Cap a length by the positions that the model has."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        most = min(wanted, positions) if isinstance(positions, int) else wanted
        # Some encoders have positions that no token may stand at; their tokenizers know.
        return min(most, self.tokenizer.model_max_length) if self.label_count else most


def choose_device() -> tuple[torch.device, torch.dtype]:
    """Give the GPU and bfloat16 where there is one, else the CPU and float32."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32


def load_backbone(folder: Path, digest: str, label_count: int = 0) -> LoadedBackbone:
    """Load a backbone from safetensors; code that comes with it is never run.

    Args:
        folder: Where it lies.
        digest: Its digest, computed from the same files.
        label_count: Outputs of a classifier's head, whose values are arbitrary until they are set;
            0 for a causal language model.

    Raises:
        BackboneUnreadableError: It cannot be loaded, or its files lack a weight.
    """
    device, dtype = choose_device()
    try:
        model, loading = _load_model(folder, dtype, label_count)
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except LOADING_ERRORS as error:
        raise BackboneUnreadableError(
            f"{folder} cannot be loaded ({type(error).__name__})."
        ) from error
    absent = _absent(loading)
    if label_count:
        absent -= _prepare_classifier(model, tokenizer)
    _refuse_gaps(folder, absent)
    model.requires_grad_(requires_grad=False)
    return LoadedBackbone(digest, model.to(device).eval(), tokenizer, device, label_count)


def _load_model(
    folder: Path, dtype: torch.dtype, label_count: int
) -> tuple[PreTrainedModel, Mapping[str, Collection[object]]]:
    kind = AutoModelForSequenceClassification if label_count else AutoModelForCausalLM
    # A folder may hold a head of other labels; it is not used.
    more = {"num_labels": label_count, "ignore_mismatched_sizes": True} if label_count else {}
    loaded: tuple[PreTrainedModel, Mapping[str, Collection[object]]] = kind.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        **more,
    )
    return loaded


def _absent(loading: Mapping[str, Collection[object]]) -> set[str]:
    """Name the weights that the files lack, or have in another shape: those come with both."""
    mismatched = (
        item[0] if isinstance(item, tuple) else item for item in loading["mismatched_keys"]
    )
    return {str(name) for name in (*loading["missing_keys"], *mismatched)}


def _prepare_classifier(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[str]:
    """Make a classifier ready for batches; gives the names of its head's weights."""
    in_float32(model)
    # A decoder's head reads the last token that is not this one.
    model.config.get_text_config().pad_token_id = _filler(tokenizer)
    model.config.use_cache = False
    heads = tuple(f"{name}." for name in head_modules(model))
    return {name for name in model.state_dict() if name.startswith(heads)}


def _filler(tokenizer: PreTrainedTokenizerBase) -> int:
    known = (tokenizer.pad_token_id, tokenizer.eos_token_id)
    return next((int(identifier) for identifier in known if identifier is not None), 0)


def _refuse_gaps(folder: Path, absent: set[str]) -> None:
    if absent:
        # transformers would fill the gaps at random.
        raise BackboneUnreadableError(
            f"{folder} lacks {len(absent)} weights of its model, for instance {min(absent)}."
        )

"""Loads a backbone's weights and tokenizer."""

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

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
    """

    digest: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: torch.device

    @property
    def filler(self) -> int:
        """Token id that fills rows up; masked out, so any will do."""
        identifier = self.tokenizer.pad_token_id
        return 0 if identifier is None else int(identifier)

    def maximum_tokens(self, wanted: int) -> int:
        """Cap a length by the positions that the model has."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        return min(wanted, positions) if isinstance(positions, int) else wanted


def choose_device() -> tuple[torch.device, torch.dtype]:
    """Give the GPU and bfloat16 where there is one, else the CPU and float32."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32


def load_backbone(folder: Path, digest: str) -> LoadedBackbone:
    """Load a backbone from safetensors; code that comes with it is never run.

    Args:
        folder: Where it lies.
        digest: Its digest, computed from the same files.

    Raises:
        BackboneUnreadableError: It cannot be loaded, or its files lack a weight.
    """
    device, dtype = choose_device()
    try:
        model, loading = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except LOADING_ERRORS as error:
        raise BackboneUnreadableError(
            f"{folder} cannot be loaded ({type(error).__name__})."
        ) from error
    _refuse_gaps(folder, {*loading["missing_keys"], *loading["mismatched_keys"]})
    model.requires_grad_(requires_grad=False)
    return LoadedBackbone(digest, model.to(device).eval(), tokenizer, device)


def _refuse_gaps(folder: Path, absent: set[object]) -> None:
    if absent:
        # transformers would fill the gaps at random.
        raise BackboneUnreadableError(
            f"{folder} lacks {len(absent)} weights of its model, for instance "
            f"{min(map(str, absent))}."
        )

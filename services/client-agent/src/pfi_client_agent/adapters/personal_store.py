"""Personal adapters on the device: PEFT folders, one a run. Nothing here is ever sent."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from pfi_client_agent.adapters.durable_files import read_json, recover_folder, replace_folder
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.domain.training import PersonalAdapter
from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors import PEFT_TASK_TYPES, Schema, flatten, unflatten

WEIGHTS_FILE = "adapter_model.safetensors"
_CONFIG_FILE = "adapter_config.json"
_META_FILE = "meta.json"
_ARCHIVE = "archive"


@dataclass(frozen=True)
class PersonalMeta:
    """What a personal adapter belongs to.

    Attributes:
        run: Run id.
        round: Last round that it was trained in.
        backbone_model: Backbone, as the run names it.
        backbone_digest: Its digest.
        shared_digest: Shared adapter that it was trained beside.
        shared_schema_digest: Schema of the shared adapter.
        rank: Its LoRA rank.
        alpha: Its LoRA alpha.
        sha256: SHA-256 of its weights file.
        loss: Mean loss on held-out rows with it, after that round (nats).
        accuracy: Share of held-out rows whose label is predicted with it; None without labels.
    """

    run: str
    round: int
    backbone_model: str
    backbone_digest: str
    shared_digest: str
    shared_schema_digest: str
    rank: int
    alpha: int
    sha256: str
    loss: float
    accuracy: float | None = None


class PersonalStore:
    """A folder of personal adapters.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, run: str) -> Path:
        """Give the PEFT folder of a run's personal adapter."""
        return self._folder / safe_name(run)

    def save(self, adapter: PersonalAdapter, meta: PersonalMeta) -> PersonalMeta:
        """Replace a run's personal adapter in one step, durably.

        Args:
            adapter: The adapter.
            meta: What it belongs to; its `sha256` is filled in here.
        """
        tensors = unflatten(adapter.schema, adapter.vector)
        weights = save(dict(tensors), metadata={"format": "pt"})
        sealed = PersonalMeta(**(asdict(meta) | {"sha256": hashlib.sha256(weights).hexdigest()}))
        files = {
            WEIGHTS_FILE: weights,
            _CONFIG_FILE: _pretty(_peft_config(adapter.schema, meta.backbone_model)),
            _META_FILE: _pretty(asdict(sealed)),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_folder(self.path(meta.run), files)
        return sealed

    def find(self, run: str) -> PersonalMeta | None:
        """Give what is known of a run's personal adapter; None when there is none."""
        recover_folder(self.path(run))
        return _read_meta(self.path(run))

    def peek(self, run: str) -> PersonalMeta | None:
        """Give what `find` gives, without a change: for readers beside an agent that trains."""
        return _read_meta(self.path(run))

    def load(self, meta: PersonalMeta, schema: Schema) -> PersonalAdapter:
        """Read a personal adapter, checked key by key.

        Raises:
            AdapterInvalidError: It is not what was saved, or not of this schema.
        """
        path = self.path(meta.run) / WEIGHTS_FILE
        try:
            weights = path.read_bytes()
            tensors = load(weights)
        except (OSError, SafetensorError) as error:
            raise AdapterInvalidError(f"{path} cannot be read.") from error
        if hashlib.sha256(weights).hexdigest() != meta.sha256:
            raise AdapterInvalidError(f"{path} is not what the agent wrote.")
        return PersonalAdapter(schema, flatten(schema, tensors))

    def archive(self, run: str) -> Path:
        """Put a run's personal adapter aside, and give where it lies now."""
        number = 1
        while (target := self._folder / _ARCHIVE / f"{safe_name(run)}-{number}").exists():
            number += 1
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path(run).rename(target)
        return target

    def list(self) -> Iterator[PersonalMeta]:
        """Yield what is known of every personal adapter, ordered by run."""
        for folder in sorted(self._folder.glob("*")):
            meta = _read_meta(folder)
            if meta is not None:
                yield meta


def _read_meta(folder: Path) -> PersonalMeta | None:
    document = read_json(folder / _META_FILE)
    try:
        return None if document is None else PersonalMeta(**document)
    except TypeError:
        # Written by another version; kept where it is, and archived before the next training.
        return None


def _peft_config(schema: Schema, backbone_model: str) -> dict[str, Any]:
    """Write what `peft.PeftModel.from_pretrained` needs."""
    return {
        "peft_type": "LORA",
        "task_type": PEFT_TASK_TYPES[schema.task],
        "modules_to_save": list(schema.head_modules) or None,
        "base_model_name_or_path": backbone_model,
        "r": schema.rank,
        "lora_alpha": schema.alpha,
        "target_modules": list(schema.target_modules),
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": True,
    }


def _pretty(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()

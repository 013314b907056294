"""PEFT folders in zip files."""

import io
import json
import zipfile

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from pfi_aggregator.application.ports import AdapterOrigin
from pfi_common.tensors import PEFT_TASK_TYPES, Schema, unflatten

_NO_TIME = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o644 << 16
_UNIX = 3


class PeftArchive:
    """The port `AdapterArchive`: what `peft.PeftModel.from_pretrained` loads, once unpacked.

    Files are stored, not compressed, without times, in a fixed order: the bytes are a function of
    the adapter and its origin alone, on every machine.
    """

    def build(self, schema: Schema, vector: NDArray[np.float32], origin: AdapterOrigin) -> bytes:
        """Gives the zip file."""
        files = {
            "README.md": _readme(schema, origin).encode(),
            "adapter_config.json": _config(schema, origin),
            "adapter_model.safetensors": save(unflatten(schema, vector), {"format": "pt"}),
        }
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, data in files.items():
                archive.writestr(_entry(name), data)
        return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system = _UNIX
    entry.external_attr = _FILE_MODE
    return entry


def _config(schema: Schema, origin: AdapterOrigin) -> bytes:
    config = {
        "base_model_name_or_path": origin.backbone_model,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": schema.alpha,
        "lora_dropout": 0.0,
        "modules_to_save": list(schema.head_modules) or None,
        "peft_type": "LORA",
        "r": schema.rank,
        "revision": origin.backbone_revision,
        "target_modules": list(schema.target_modules),
        "task_type": PEFT_TASK_TYPES[schema.task],
    }
    return json.dumps(config, indent=2).encode() + b"\n"


def _readme(schema: Schema, origin: AdapterOrigin) -> str:
    revision = origin.backbone_revision or "not named"
    return f"""\
# LoRA adapter

A shared adapter that clients trained together with PFI, without sharing their data.

| | |
|---|---|
| backbone | `{origin.backbone_model}` |
| backbone revision | {revision} |
| adapter digest | `{origin.adapter_digest}` |
| schema digest | `{schema.digest}` |
| rank, alpha | {schema.rank}, {schema.alpha} |
| target modules | {", ".join(schema.target_modules)} |

The digest is the SHA-256 of all tensors as little-endian float32, sorted by name.
Load the adapter with `peft.PeftModel.from_pretrained(backbone, "<this folder>")`.
"""

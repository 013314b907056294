"""Sizes of a backbone, from the headers of its weight files and its configuration."""

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from pfi_common.errors import BackboneUnreadableError

_SINGLE, _INDEX, _CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
_LENGTH_BYTES = 8
_LONGEST_HEADER_BYTES = 100_000_000
_FAULTS = (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error)

Shape = tuple[int, ...]


@dataclass(frozen=True)
class BackboneSize:
    """What memory depends on.

    Attributes:
        shapes: Sizes of each weight by name.
        hidden: Width of the residual stream.
        inner: Width inside the feed-forward block.
        layers: Number of blocks.
        heads: Attention heads.
        vocabulary: Number of logits.
        positions: Longest row that the model takes; None for no limit.
    """

    shapes: Mapping[str, Shape]
    hidden: int
    inner: int
    layers: int
    heads: int
    vocabulary: int
    positions: int | None

    @property
    def parameter_count(self) -> int:
        """Numbers in all weights."""
        return sum(map(prod, self.shapes.values()))

    def carriers(self, targets: Iterable[str]) -> list[Shape]:
        """Sizes of the weights that LoRA matrices for these modules (suffixes) stand beside."""
        endings = tuple(f".{target}.weight" for target in targets)
        return [
            shape
            for name, shape in self.shapes.items()
            if len(shape) == 2 and f".{name}".endswith(endings)  # noqa: PLR2004 - a matrix
        ]

    def adapter_coordinates(self, targets: Iterable[str], rank: int) -> int:
        """Numbers in LoRA matrices of a rank on the modules with these names (suffixes)."""
        return sum(rank * sum(shape) for shape in self.carriers(targets))


def read_backbone_size(folder: Path) -> BackboneSize:
    """Reads headers and configuration; no weight is loaded.

    Raises:
        BackboneUnreadableError: A file is absent or malformed.
    """
    try:
        shapes = dict(_shapes(folder))
        config = json.loads((folder / _CONFIG).read_bytes())
        text = {**config, **config.get("text_config", {})}
        hidden = int(_first(text, "hidden_size", "n_embd", "d_model"))
        return BackboneSize(
            shapes=shapes,
            hidden=hidden,
            inner=int(_first(text, "intermediate_size", "n_inner", "ffn_dim") or 4 * hidden),
            layers=int(_first(text, "num_hidden_layers", "n_layer")),
            heads=int(_first(text, "num_attention_heads", "n_head")),
            vocabulary=int(_first(text, "vocab_size")),
            positions=_first(text, "max_position_embeddings", "n_positions"),
        )
    except _FAULTS as error:
        raise BackboneUnreadableError(
            f"{folder} does not tell the sizes of its model ({type(error).__name__})"
        ) from error


def _first(config: Mapping[str, Any], *names: str) -> Any:  # noqa: ANN401 - numbers of JSON
    return next((config[name] for name in names if config.get(name) is not None), None)


def _shapes(folder: Path) -> Iterable[tuple[str, Shape]]:
    for path in _files(folder):
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(_LENGTH_BYTES))
            if length > _LONGEST_HEADER_BYTES:
                raise ValueError("the header is too long")
            header = json.loads(file.read(length))
        for name, entry in header.items():
            if name != "__metadata__":
                yield name, tuple(map(int, entry["shape"]))


def _files(folder: Path) -> list[Path]:
    if (folder / _SINGLE).is_file():
        return [folder / _SINGLE]
    names = json.loads((folder / _INDEX).read_bytes())["weight_map"].values()
    return [folder / Path(name).name for name in sorted(set(names))]

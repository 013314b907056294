"""Finds the weight files of a backbone folder and the tensors in them, without loading them."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pfi_common.errors import BackboneUnreadableError

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
# What the safetensors library itself accepts at most.
_MAXIMUM_HEADER_BYTES = 100_000_000
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in a safetensors file.

    Attributes:
        name: Name in the file.
        dtype: Name of the element type in the file, for instance `BF16`.
        shape: Sizes, outermost first.
        path: The file.
        start_byte: Where the tensor's bytes start in the file.
        size_bytes: How many there are.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    path: Path
    start_byte: int
    size_bytes: int


def weight_files(folder: Path) -> list[Path]:
    """List the files that transformers loads from a folder: one file, or the shards of an index.

    Raises:
        BackboneUnreadableError: There is no safetensors file; other formats can run code.
    """
    if (folder / SINGLE_FILE).is_file():
        return [folder / SINGLE_FILE]
    if not (folder / INDEX_FILE).is_file():
        raise BackboneUnreadableError(
            f"{folder} has neither {SINGLE_FILE} nor {INDEX_FILE}; only safetensors are loaded."
        )
    return [folder / name for name in _shards(folder / INDEX_FILE)]


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Read the headers of all weight files.

    Raises:
        BackboneUnreadableError: A file is absent or malformed, or a name occurs twice.
    """
    tensors: dict[str, StoredTensor] = {}
    for path in weight_files(folder):
        try:
            for tensor in _read_header(path):
                if tensor.name in tensors:
                    raise BackboneUnreadableError(f"{folder} holds {tensor.name} twice.")
                tensors[tensor.name] = tensor
        except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
            raise BackboneUnreadableError(f"{path} is not a safetensors file.") from error
    return tensors


def _shards(index: Path) -> list[str]:
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackboneUnreadableError(f"{index} is not an index of safetensors files.") from error
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise BackboneUnreadableError(f"{index} names a file outside its folder.")
    return names


def _read_header(path: Path) -> Iterator[StoredTensor]:
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(_LENGTH_BYTES))
        if length > min(size_bytes, _MAXIMUM_HEADER_BYTES):
            raise ValueError("the header is longer than the file")
        header: dict[str, Any] = json.loads(file.read(length))
    data_start = _LENGTH_BYTES + length
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        if not 0 <= start <= end <= size_bytes - data_start:
            raise ValueError("a tensor lies outside the file")
        shape = tuple(int(size) for size in entry["shape"])
        yield StoredTensor(name, entry["dtype"], shape, path, data_start + start, end - start)

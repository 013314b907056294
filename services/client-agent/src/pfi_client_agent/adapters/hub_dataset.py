"""Reads rows from data sets of the library `datasets`: by hub id, or saved in a folder."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pfi_client_agent.adapters.table_rows import add_table_row, columns_to_read
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.reading import Reading
from pfi_common.errors import DataUnreadableError, ExtraMissingError

PREFIX = "datasets:"
_DEFAULT_SPLIT = "train"
_SAVED = ("state.json", "dataset_dict.json")


def is_saved_dataset(folder: Path) -> bool:
    """Tell whether `save_to_disk` wrote a folder."""
    return any((folder / name).is_file() for name in _SAVED)


def read_dataset(source: str, reading: Reading) -> LocalData:
    """Read a data set, row by row.

    Args:
        source: NAME or NAME:SPLIT, where NAME is a hub id or a folder that `save_to_disk` wrote.
        reading: How.

    Raises:
        ExtraMissingError: The library is not installed.
        DataUnreadableError: There is no such data set or split, or its columns do not fit.
    """
    data = LocalData(source=f"{PREFIX}{source}")
    if reading.speaker is not None:
        raise DataUnreadableError(f"{data.source}: speakers are found in plain text alone.")
    name, _, split = source.partition(":")
    dataset = _choose(data.source, _load(data.source, name, split), split)
    columns = columns_to_read(data.source, dataset.column_names, reading.columns)
    for number, row in enumerate(_rows(dataset.select_columns(columns)), start=1):
        add_table_row(data, number, row, reading.columns)
    return data


def _load(source: str, name: str, split: str) -> Any:  # noqa: ANN401 - untyped library
    try:
        import datasets
    except ImportError as error:
        raise ExtraMissingError(
            f"{source} needs the library datasets: pip install 'pfi-client-agent[datasets]'.",
            extra="datasets",
        ) from error
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        if is_saved_dataset(Path(name)):
            return datasets.load_from_disk(name)
        return datasets.load_dataset(name, split=split or None)
    except (datasets.exceptions.DatasetsError, OSError, ValueError, RuntimeError) as error:
        raise DataUnreadableError(
            f"{source} cannot be loaded: {_first_line(error)} ({type(error).__name__})."
        ) from error


def _choose(source: str, loaded: Any, split: str) -> Any:  # noqa: ANN401 - untyped library
    """Take one split: the one that is named, `train`, or the only one."""
    if not isinstance(loaded, Mapping):
        return loaded
    wanted = split or (_DEFAULT_SPLIT if _DEFAULT_SPLIT in loaded else "")
    if not wanted and len(loaded) == 1:
        return next(iter(loaded.values()))
    if wanted not in loaded:
        raise DataUnreadableError(
            f"{source} has no split {wanted or _DEFAULT_SPLIT}; name one of "
            f"{', '.join(map(str, loaded))} as {PREFIX}NAME:SPLIT."
        )
    return loaded[wanted]


def _rows(dataset: Any) -> Iterator[Mapping[str, object]]:  # noqa: ANN401 - untyped library
    """Yield rows; the numbers of a column of classes become their names."""
    names = {
        column: feature.names
        for column, feature in dataset.features.items()
        if hasattr(feature, "names")
    }
    for row in dataset:
        # -1 stands for an unknown class.
        yield row | {
            column: classes[row[column]] if (row[column] or 0) >= 0 else None
            for column, classes in names.items()
            if row[column] is not None
        }


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200].rstrip(".")

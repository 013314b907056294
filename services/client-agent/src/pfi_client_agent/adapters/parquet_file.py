"""Reads rows from parquet files, a piece of a row group at a time."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pfi_client_agent.adapters.table_rows import add_table_row, columns_to_read
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.reading import Reading
from pfi_common.errors import DataUnreadableError

_ROWS_AT_ONCE = 1024


def read_parquet(path: Path, reading: Reading, data: LocalData) -> None:
    """Read a parquet file; only the columns that rows are made of are decoded.

    Raises:
        DataUnreadableError: It is no parquet file, is damaged, or lacks the columns.
        OSError: It cannot be read.
    """
    if reading.speaker is not None:
        raise DataUnreadableError(f"{path} is a table; speakers are found in plain text alone.")
    for number, row in enumerate(_rows(path, reading), start=1):
        add_table_row(data, number, row, reading.columns)


def _rows(path: Path, reading: Reading) -> Iterator[Mapping[str, object]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with path.open("rb") as opened, parquet.ParquetFile(opened) as file:
            columns = columns_to_read(str(path), file.schema_arrow.names, reading.columns)
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=columns):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataUnreadableError(
            f"{path} cannot be read as parquet ({type(error).__name__})."
        ) from error

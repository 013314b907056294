"""What parquet files and data sets have in common: rows by number, with columns."""

from collections.abc import Collection, Mapping

from pfi_client_agent.domain.columns import Columns
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.row_parsing import BadRowError, parse_row
from pfi_common.errors import DataUnreadableError

_SHOWN_COLUMNS = 10


def columns_to_read(source: str, there: Collection[str], columns: Columns) -> list[str]:
    """Choose the columns that rows are made of; the others are left on the disk.

    Raises:
        DataUnreadableError: A mapped column is not there, or none that rows are made of.
    """
    missing = [name for name in columns.named.values() if name not in there]
    wanted = [name for name in columns.wanted if name in there]
    label_alone = wanted == [columns.named.get("label", "label")]
    if missing or not wanted or label_alone:
        lacking = (
            f"no column {', '.join(missing)}" if missing else "no column that rows are made of"
        )
        raise DataUnreadableError(
            f"{source} has {lacking}; its columns are {_listed(there)}. Say which one holds what "
            f"with --columns, for instance text=BODY,label=CATEGORY."
        )
    return wanted


def add_table_row(
    data: LocalData, number: int, row: Mapping[str, object], columns: Columns
) -> None:
    """Take a row of a table, or count it as bad; a null is a value that is not there."""
    document = {name: value for name, value in columns.apply(row).items() if value is not None}
    try:
        data.add(parse_row(document))
    except BadRowError as error:
        data.skip(number, str(error), unit="row")


def _listed(names: Collection[str]) -> str:
    shown = [name[:40] if name[:40].isprintable() else "?" for name in list(names)[:_SHOWN_COLUMNS]]
    return ", ".join(shown) + (", ..." if len(names) > _SHOWN_COLUMNS else "") if shown else "none"

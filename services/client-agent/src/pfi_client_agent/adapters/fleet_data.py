"""Reads the data of every client of a fleet: a file each, a share of one source, or a speaker."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.adapters.text_files import read_text
from pfi_client_agent.domain.dealing import by_speaker, deal_rows
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.domain.speakers import speakers
from pfi_common.errors import DataUnreadableError, PlatformError

Shares = Mapping[int, LocalData]
"""Data by the client's number."""

Failures = Mapping[int, PlatformError]
"""Why a client's data cannot be used, by its number."""

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class FleetSource:
    """Where the data of a fleet comes from.

    Attributes:
        data: A folder with one file (or folder) for each client, or anything else that `read_data`
            takes, whose rows are dealt out.
        clients: Number of clients.
        seed: Seed of the dealing.
        reading: How files are read.
        split_by_speaker: Each client is one speaker of a plain text instead.
        bad_row_limit: Highest share of bad rows in what is read.
    """

    data: str
    clients: int
    seed: int
    reading: Reading
    split_by_speaker: bool
    bad_row_limit: Fraction


def read_shares(source: FleetSource) -> tuple[Shares, Failures]:
    """Read the data of every client.

    Raises:
        DataUnreadableError: There is too little for so many clients, or nothing can be used.
        DataTooManyBadRowsError: What is dealt out has more bad rows than the limit allows.
    """
    path = Path(source.data)
    if source.split_by_speaker:
        return dict(enumerate(by_speaker(source.data, _speeches(path), source.clients))), {}
    if path.is_dir():
        return _read_each(source, client_files(path, source.clients))
    data = _usable(source.data, source)
    return dict(enumerate(deal_rows(data, source.clients, source.seed))), {}


def client_files(folder: Path, clients: int) -> Sequence[Path]:
    """Give the first entries of a folder, one a client; `client_2` comes before `client_10`.

    Raises:
        DataUnreadableError: There are fewer than clients.
    """
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise DataUnreadableError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if len(found) < clients:
        raise DataUnreadableError(
            f"{folder} has {len(found)} files; {clients} clients need one each."
        )
    return sorted(found, key=_natural)[:clients]


def _read_each(source: FleetSource, paths: Sequence[Path]) -> tuple[Shares, Failures]:
    shares: dict[int, LocalData] = {}
    unusable: dict[int, PlatformError] = {}
    for number, path in enumerate(paths):
        try:
            shares[number] = _usable(str(path), source)
        except PlatformError as error:
            unusable[number] = error
    if not shares:
        raise unusable[0]
    return shares, unusable


def _usable(data: str, source: FleetSource) -> LocalData:
    read = read_data(data, source.reading)
    read.require_usable(source.bad_row_limit)
    return read


def _speeches(path: Path) -> Mapping[str, Sequence[str]]:
    try:
        return speakers(read_text(path))
    except OSError as error:
        raise DataUnreadableError(f"{path} cannot be read: {error.strerror or error}.") from error


def _natural(path: Path) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(path.name)
    ]

"""Deals one data set out to the clients of a fleet."""

import hashlib
from collections.abc import Mapping, Sequence

from pfi_client_agent.domain.local_data import MINIMUM_ROWS, LocalData
from pfi_client_agent.domain.rows import TextRow
from pfi_common.errors import DataUnreadableError

_CONTEXT = b"pfi.fleet-deal.v1\x00"


def deal_rows(data: LocalData, clients: int, seed: int) -> Sequence[LocalData]:
    """Deal distinct rows out: disjoint shares whose sizes differ by at most one row.

    Rows are ordered by the hash of (seed, content) and dealt like cards, so the same rows, number
    of clients and seed always give the same shares, whatever the order of the file.

    Args:
        data: The rows.
        clients: Number of shares, at least 1.
        seed: Seed of the order, below 2^64.

    Raises:
        DataUnreadableError: There are too few rows for so many clients.
    """
    if len(data.rows) < clients * MINIMUM_ROWS:
        raise DataUnreadableError(
            f"{data.source} has {len(data.rows)} distinct usable rows; {clients} clients need "
            f"{clients * MINIMUM_ROWS}, {MINIMUM_ROWS} each."
        )
    shares = [LocalData(f"{data.source}, share {number}") for number in range(clients)]
    for place, digest in enumerate(sorted(data.rows, key=lambda row: _position(seed, row))):
        share = shares[place % clients]
        share.rows[digest] = data.rows[digest]
        share.rows_read += 1
    return shares


def by_speaker(
    source: str, speeches: Mapping[str, Sequence[str]], clients: int
) -> Sequence[LocalData]:
    """Give each client the speeches of one speaker, those who say most first.

    Args:
        source: What was read, for messages.
        speeches: Speeches by speaker, in the order of the text.
        clients: Number of clients, at least 1.

    Raises:
        DataUnreadableError: Too few speakers have the rows that a client needs.
    """
    shares = [_spoken(f"{source}, {name}", said) for name, said in speeches.items()]
    enough = [share for share in shares if len(share.rows) >= MINIMUM_ROWS]
    if len(enough) < clients:
        raise DataUnreadableError(
            f"{source} has {len(enough)} speakers with {MINIMUM_ROWS} rows or more; {clients} "
            f"clients need one each."
        )
    return sorted(enough, key=lambda share: -len(share.rows))[:clients]


def _spoken(source: str, speeches: Sequence[str]) -> LocalData:
    share = LocalData(source)
    for speech in speeches:
        share.add(TextRow(speech))
    return share


def _position(seed: int, digest: bytes) -> bytes:
    return hashlib.sha256(_CONTEXT + seed.to_bytes(8, "little") + digest).digest()

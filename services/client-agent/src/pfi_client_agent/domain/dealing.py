"""Deals one data set out to the clients of a fleet."""

import hashlib
from collections.abc import Sequence

from pfi_client_agent.domain.local_data import MINIMUM_ROWS, LocalData
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


def _position(seed: int, digest: bytes) -> bytes:
    return hashlib.sha256(_CONTEXT + seed.to_bytes(8, "little") + digest).digest()

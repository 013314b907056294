"""Which rows are held out from training: decided by each row's content, so it never changes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pfi_client_agent.domain.local_data import MINIMUM_HELD_OUT_ROWS, MINIMUM_TRAINING_ROWS
from pfi_client_agent.domain.rows import Row

_CONTEXT = b"pfi.held-out.v1\x00"


class TooFewRowsError(Exception):
    """Fewer rows than two to train on and one held out."""


@dataclass(frozen=True)
class Split:
    """Rows of one run on this device, by content digest.

    Attributes:
        training: Rows that may be trained on, sorted by content digest.
        held_out: Rows that are only evaluated on, those with the lowest hash first.
    """

    training: Mapping[bytes, Row]
    held_out: Mapping[bytes, Row]


def split_rows(rows: Mapping[bytes, Row], *, fraction: float, seed: int) -> Split:
    """Assign every row to training or to the held-out side.

    A row is held out when the hash of (seed, content) falls below the fraction. That depends on
    nothing but the row, so a row keeps its side when others come and go. Only where this would
    leave fewer than one row held out or fewer than two to train on, the rows with the lowest
    hashes are held out instead, as few or as many as it takes.

    Args:
        rows: Distinct rows by content digest.
        fraction: Share held out, above 0 and below 1.
        seed: The run's seed of the split, below 2^64.

    Raises:
        TooFewRowsError: There are fewer than three rows.
    """
    most = len(rows) - MINIMUM_TRAINING_ROWS
    if most < MINIMUM_HELD_OUT_ROWS:
        raise TooFewRowsError(f"{len(rows)} distinct rows")
    ranked = sorted((_position(seed, digest), digest) for digest in rows)
    below = sum(position < fraction for position, _ in ranked)
    count = min(max(below, MINIMUM_HELD_OUT_ROWS), most)
    held_out = [digest for _, digest in ranked[:count]]
    training = sorted(digest for _, digest in ranked[count:])
    return Split(
        training={digest: rows[digest] for digest in training},
        held_out={digest: rows[digest] for digest in held_out},
    )


def _position(seed: int, digest: bytes) -> float:
    """Hash to [0, 1)."""
    hashed = hashlib.sha256(_CONTEXT + seed.to_bytes(8, "little") + digest).digest()
    # 53 bits: exactly what a float64 below 1 can hold.
    return (int.from_bytes(hashed[:8], "little") >> 11) / (1 << 53)

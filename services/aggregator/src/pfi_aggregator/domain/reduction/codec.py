"""The bytes of a piece's result.

`PFIRED01`, the 32 bytes of the reduction's digest, the number of the piece as 4 bytes
little-endian, then what the reduction wrote. The digest covers all that a piece is a function of,
so that what an earlier program or a damaged round has left is recognised.
"""

import hashlib
import json

from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate

_MAGIC = b"PFIRED01"
_NUMBER_BYTES = 4
_HEAD_BYTES = len(_MAGIC) + 32 + _NUMBER_BYTES


def reduction_digest(plan: RoundPlan, counted: tuple[CountedUpdate, ...]) -> bytes:
    """Names a reduction by the round, its arithmetic and its counted updates.

    Shapes: 32 bytes.
    """
    facts = {
        "key": str(plan.key),
        "schemas": [schema.digest for schema in (plan.schema, *plan.client_schemas)],
        "base": plan.base.digest,
        "clip_norm": plan.clip_norm,
        "rule": repr(plan.rule),
        "product": repr(plan.product),
        "counted": [
            [update.task, update.payload_sha256, update.weight_units, update.clip_factor]
            for update in counted
        ],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).digest()


def write_piece(digest: bytes, piece: int, body: bytes) -> bytes:
    """Gives the bytes that are stored."""
    return b"".join((_MAGIC, digest, piece.to_bytes(_NUMBER_BYTES, "little"), body))


def read_piece(digest: bytes, piece: int, data: bytes) -> memoryview | None:
    """Gives what a reduction wrote; none when the bytes are not of this piece."""
    head = _MAGIC + digest + piece.to_bytes(_NUMBER_BYTES, "little")
    return memoryview(data)[_HEAD_BYTES:] if data.startswith(head) else None

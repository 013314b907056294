"""The bytes of a piece's result.

`PFIRED01`, the 32 bytes of the reduction's digest, the number of the piece as 4 bytes
little-endian, the SHA-256 of what the reduction wrote, then that. The digest covers all that a
piece is a function of, so that what an earlier program has left is recognised; the SHA-256 shows
damage, since named artifacts have no digest of their own.
"""

import hashlib
import json

from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate

_MAGIC = b"PFIRED01"
_NUMBER_BYTES = 4
_SHA256_BYTES = 32
_BODY_AT = len(_MAGIC) + _SHA256_BYTES + _NUMBER_BYTES + _SHA256_BYTES


def reduction_digest(plan: RoundPlan, counted: tuple[CountedUpdate, ...]) -> bytes:
    """Names a reduction by the round, its arithmetic and its counted updates.

    Shapes: 32 bytes.
    """
    facts = {
        "key": str(plan.key),
        "schemas": [schema.digest for schema in (plan.schema, *plan.client_schemas)],
        "base": plan.base.digest,
        "clip_norm": plan.clip_norm,
        "fraction_bits": plan.fixed_point.fraction_bits,
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
    return b"".join((_head(digest, piece, body), body))


def read_piece(digest: bytes, piece: int, data: bytes) -> memoryview | None:
    """Gives what a reduction wrote; none when the bytes are not of this piece, or damaged."""
    body = memoryview(data)[_BODY_AT:]
    return body if data.startswith(_head(digest, piece, body)) else None


def _head(digest: bytes, piece: int, body: bytes | memoryview) -> bytes:
    number = piece.to_bytes(_NUMBER_BYTES, "little")
    return b"".join((_MAGIC, digest, number, hashlib.sha256(body).digest()))

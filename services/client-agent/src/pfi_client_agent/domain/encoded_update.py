"""From a change of the shared adapter to the bytes that are uploaded, and what they lose."""

import math
from dataclasses import dataclass

import numpy as np

from pfi_client_agent.domain.training import Vector
from pfi_common.tensors import RANGE_BLOCK, decode, encode
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class EncodedUpdate:
    """An update as it travels.

    Attributes:
        payload: Its bytes.
        lost: Update less what is decoded from the bytes; (n,).
        relative_error: L2 norm of `lost` over that of the update; 0 for an update of zeros.
    """

    payload: bytes
    lost: Vector
    relative_error: float


def encode_update(encoding: EncodingValue, update: Vector, seed: int | None) -> EncodedUpdate:
    """Encode an update.

    Shapes: (n,).

    Args:
        encoding: How.
        update: The change, with what was lost before where that is fed back.
        seed: Makes the block encodings round at random, without bias; none with error feedback,
            which needs the smaller error of rounding to nearest.

    Raises:
        PayloadNotFiniteError: A coordinate is NaN or infinite.
    """
    payload = encode(encoding, update, seed=seed)
    lost = update - decode(encoding, payload, update.size)
    whole = _norm(update)
    return EncodedUpdate(payload, lost, _norm(lost) / whole if whole else 0.0)


def _norm(vector: Vector) -> float:
    blocks = (
        vector[start : start + RANGE_BLOCK].astype(np.float64)
        for start in range(0, vector.size, RANGE_BLOCK)
    )
    return math.sqrt(sum(float(np.dot(block, block)) for block in blocks))

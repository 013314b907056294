"""What a round must publish, computed again from the counted payloads with plain integers.

Nothing of `pfi_common.tensors` or of the aggregator is used: the arithmetic stands here as the
architecture (contract 5) says it, so that the two can only agree when both are right.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

WEIGHT_UNITS_PER_EXAMPLE = 256
FULL_CLIP_FACTOR = 1 << 24


@dataclass(frozen=True)
class Counted:
    """One counted update.

    Attributes:
        payload: The fp32 payload as it was sent.
        weight_units: Its weight in units of 2^-8 examples.
        clip_factor: Over 2^24.
    """

    payload: bytes
    weight_units: int
    clip_factor: int = FULL_CLIP_FACTOR


def fraction_bits(coordinate_limit: float, maximum_updates: int, maximum_weight: int) -> int:
    """k = 62 - ceil(log2(C * N * W))."""
    units = maximum_weight * WEIGHT_UNITS_PER_EXAMPLE
    highest = Fraction(coordinate_limit) * maximum_updates * units
    exponent = 0
    while Fraction(2) ** exponent < highest:
        exponent += 1
    return 62 - exponent


def next_adapter(base: bytes, counted: Sequence[Counted], bits: int) -> bytes:
    """The payload after one round of FedAvg (server sgd, learning rate 1, no momentum)."""
    sums = np.zeros(len(base) // 4, dtype=np.int64)
    for update in counted:
        scale = math.ldexp(update.clip_factor, bits - 24)
        scaled = np.frombuffer(update.payload, dtype="<f4").astype(np.float64) * scale
        sums += np.rint(scaled).astype(np.int64) * update.weight_units
    total = sum(update.weight_units for update in counted) << bits
    change = [nearest_float32(value, total) for value in sums.tolist()]
    start = np.frombuffer(base, dtype="<f4").astype(np.float64)
    return (start + np.array(change)).astype("<f4").tobytes()


def nearest_float32(numerator: int, denominator: int) -> float:
    """The float32 next to a ratio; of two that are equally near, the even one."""
    if numerator == 0:
        return 0.0
    size = abs(numerator)
    shift = 24 - (size.bit_length() - denominator.bit_length())
    quotient, rest, divisor = _divide(size, denominator, shift)
    if quotient >> 24:  # one bit too many
        shift -= 1
        quotient, rest, divisor = _divide(size, denominator, shift)
    if 2 * rest > divisor or (2 * rest == divisor and quotient & 1):
        quotient += 1
    return math.copysign(math.ldexp(quotient, -shift), numerator)


def digest(payload: bytes) -> str:
    """The name of an adapter."""
    return hashlib.sha256(payload).hexdigest()


def _divide(size: int, denominator: int, shift: int) -> tuple[int, int, int]:
    if shift >= 0:
        size <<= shift
    else:
        denominator <<= -shift
    return *divmod(size, denominator), denominator

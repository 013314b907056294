"""A scan of scales and steps decides as a slow one that decodes every coordinate."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_common.errors import InvalidRequestError, PayloadNotFiniteError
from pfi_common.tensors import (
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    PayloadScanner,
    encode,
    encoded_size_bytes,
)

BLOCK, SCALE_BYTES = 256, 4
LOWEST = {INT8_BLOCK: -127, INT4_BLOCK: -7}
SIGNALING_NAN = struct.pack("<I", 0x7F800001)
SCALES = [
    *(struct.pack("<f", scale) for scale in (0.0, -0.0, 1e-3, -2e-3, 1e-45, 2.6e36, 4.8e37)),
    *(struct.pack("<f", scale) for scale in (3e38, -3e38, math.inf, -math.inf, math.nan)),
    SIGNALING_NAN,
]
Outcome = tuple[float, float] | type[Exception]


def slow_scan(encoding: int, payload: bytes, count: int) -> Outcome:
    """What the encodings' pages say, coordinate by coordinate."""
    total, highest, offset = 0.0, 0.0, 0
    for start in range(0, count, RANGE_BLOCK):
        steps, scales = [], []
        inside = min(RANGE_BLOCK, count - start)
        for first in range(0, inside, BLOCK):
            width = min(BLOCK, inside - first)
            scale = struct.unpack_from("<f", payload, offset)[0]
            offset += SCALE_BYTES
            held = width if encoding == INT8_BLOCK else -(-width // 2)
            found = READERS[encoding](payload[offset : offset + held])
            offset += held
            steps += found
            scales += [scale] * len(found)
        values = [as_float32(q * s) for q, s in zip(steps, scales, strict=True)]
        surplus = steps[inside:]
        values = values[:inside]
        if not all(map(math.isfinite, values)):
            return PayloadNotFiniteError
        if min(steps) < LOWEST[encoding] or any(surplus):
            return InvalidRequestError
        highest = max(highest, *map(abs, values))
        total += halved([value * value for value in values])
    return math.sqrt(total), highest


def as_float32(value: float) -> float:
    """Rounds a product, which is exact in binary64, to float32."""
    return ctypes.c_float(value).value


def halved(squares: list[float]) -> float:
    squares = squares + [0.0] * (RANGE_BLOCK - len(squares))
    while len(squares) > 1:
        half = len(squares) // 2
        squares = [a + b for a, b in zip(squares[:half], squares[half:], strict=True)]
    return squares[0]


def signed_bytes(held: bytes) -> list[int]:
    return list(struct.unpack(f"{len(held)}b", held))


def signed_halves(held: bytes) -> list[int]:
    halves = [half for byte in held for half in (byte & 15, byte >> 4)]
    return [half - 16 if half > 7 else half for half in halves]


READERS: dict[int, Callable[[bytes], list[int]]] = {
    INT8_BLOCK: signed_bytes,
    INT4_BLOCK: signed_halves,
}


def scan(encoding: int, payload: bytes, count: int, cuts: list[int]) -> Outcome:
    scanner = PayloadScanner(encoding, count)
    try:
        for start, stop in pairwise([0, *sorted(cuts), len(payload)]):
            scanner.update(memoryview(payload)[start:stop])
        result = scanner.finish()
    except (PayloadNotFiniteError, InvalidRequestError) as error:
        return type(error)
    return result.norm, result.maximum_coordinate


def honest(encoding: int, count: int, seed: int) -> bytearray:
    """What an encoder writes, of blocks that differ in size by many orders."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(-20, 3, -(-count // BLOCK))).repeat(BLOCK)[:count]
    vector = (rng.standard_normal(count) * sizes).astype(np.float32)
    return bytearray(encode(encoding, vector, seed=seed))


@pytest.mark.parametrize("encoding", LOWEST)
@pytest.mark.parametrize("count", [1, 255, 256, 513, RANGE_BLOCK, 2 * RANGE_BLOCK + 301])
def test_an_honest_payload_has_the_bits_of_a_slow_scan(encoding: int, count: int) -> None:
    payload = bytes(honest(encoding, count, seed=count))
    expected = slow_scan(encoding, payload, count)
    assert isinstance(expected, tuple)
    assert scan(encoding, payload, count, []) == expected


@pytest.mark.parametrize("encoding", LOWEST)
@given(data=st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_payload_is_decided_as_by_a_slow_scan(encoding: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 1100))
    payload = honest(encoding, count, data.draw(st.integers(0, 99)))
    block_bytes = encoded_size_bytes(encoding, BLOCK)
    for block in data.draw(st.sets(st.integers(0, (count - 1) // BLOCK), max_size=3)):
        scale = data.draw(st.sampled_from(SCALES))
        payload[block * block_bytes : block * block_bytes + SCALE_BYTES] = scale
    for place in data.draw(st.lists(st.integers(0, len(payload) - 1), max_size=2)):
        payload[place] = data.draw(st.sampled_from([0, 0x80, 0x08, 0x88, 0x7F, 0x81, 0xFF, 0x10]))
    cuts = data.draw(st.lists(st.integers(0, len(payload)), max_size=3))
    assert scan(encoding, bytes(payload), count, cuts) == slow_scan(encoding, payload, count)


@pytest.mark.parametrize("encoding", LOWEST)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("step", [0x00, 0x80, 0x08, 0x01])
def test_a_later_range_is_decided_alike(encoding: int, scale: bytes, step: int) -> None:
    count = RANGE_BLOCK + 300
    payload = honest(encoding, count, seed=4)
    place = encoded_size_bytes(encoding, RANGE_BLOCK + BLOCK)
    payload[place : place + SCALE_BYTES + 1] = scale + bytes([step])
    assert scan(encoding, payload, count, []) == slow_scan(encoding, payload, count)


def test_many_blocks_are_added_one_after_the_other() -> None:
    rng = np.random.default_rng(8)
    vector = rng.standard_normal(18 * RANGE_BLOCK + 77, dtype=np.float32)
    total = 0.0
    for start in range(0, vector.size, RANGE_BLOCK):
        wide = vector[start : start + RANGE_BLOCK].astype(np.float64)
        total += halved((wide * wide).tolist())
    result = scan(FP32, vector.tobytes(), vector.size, [4_000_001])
    assert isinstance(result, tuple)
    assert result[0] == math.sqrt(total)

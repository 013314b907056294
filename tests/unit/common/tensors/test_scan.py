"""The scanner gives the same bits for every cutting, and stops early."""

from __future__ import annotations

import hashlib
import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_common.errors import (
    EncodingMismatchError,
    InvalidRequestError,
    PayloadNotFiniteError,
    PayloadSizeInvalidError,
)
from pfi_common.tensors import (
    BF16,
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    PayloadScanner,
    ScanResult,
    decode,
    encode,
    encoded_size_bytes,
)

ENCODINGS = [FP32, BF16, INT8_BLOCK, INT4_BLOCK]
COUNT = 2 * RANGE_BLOCK + 300
VECTOR = np.random.default_rng(1).normal(0, 1e-2, COUNT).astype(np.float32)
PAYLOADS = {encoding: encode(encoding, VECTOR) for encoding in ENCODINGS}


def scan(encoding: int, payload: bytes, count: int, cuts: list[int]) -> ScanResult:
    scanner = PayloadScanner(encoding, count)
    edges = [0, *sorted(cuts), len(payload)]
    for start, stop in pairwise(edges):
        scanner.update(memoryview(payload)[start:stop])
        assert len(scanner._carry) < encoded_size_bytes(encoding, RANGE_BLOCK)
    return scanner.finish()


def sum_of_squares(vector: np.ndarray) -> float:
    """The documented order of additions, in plain Python."""
    total = 0.0
    for start in range(0, vector.size, RANGE_BLOCK):
        squares = [float(x) * float(x) for x in vector[start : start + RANGE_BLOCK]]
        squares += [0.0] * (RANGE_BLOCK - len(squares))
        while len(squares) > 1:
            half = len(squares) // 2
            squares = [a + b for a, b in zip(squares[:half], squares[half:], strict=True)]
        total += squares[0]
    return total


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_results_are_those_of_an_independent_sum(encoding: int) -> None:
    payload = PAYLOADS[encoding]
    vector = decode(encoding, payload, COUNT)
    result = scan(encoding, payload, COUNT, [])
    assert result.sha256 == hashlib.sha256(payload).hexdigest()
    assert result.maximum_coordinate == float(np.abs(vector).max())
    assert result.norm == math.sqrt(sum_of_squares(vector))
    assert result.norm == pytest.approx(
        math.sqrt(math.fsum(float(x) ** 2 for x in vector)), rel=1e-14
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_cutting_does_not_matter(encoding: int, data: st.DataObject) -> None:
    payload = PAYLOADS[encoding]
    cuts = data.draw(st.lists(st.integers(0, len(payload)), max_size=12))
    assert scan(encoding, payload, COUNT, cuts) == scan(encoding, payload, COUNT, [])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_byte_by_byte_is_the_same(encoding: int) -> None:
    payload = encode(encoding, VECTOR[:300])
    cuts = list(range(len(payload)))
    assert scan(encoding, payload, 300, cuts) == scan(encoding, payload, 300, [])


@pytest.mark.parametrize("count", [1, RANGE_BLOCK - 1, RANGE_BLOCK, RANGE_BLOCK + 1])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_length_is_scanned_to_its_end(encoding: int, count: int) -> None:
    vector = np.zeros(count, np.float32)
    vector[-1] = 3.0
    result = scan(encoding, encode(encoding, vector), count, [])
    assert result.norm == pytest.approx(3.0)
    assert result.maximum_coordinate == pytest.approx(3.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_bad_coordinate_stops_the_upload_at_its_block(bad: float) -> None:
    vector = VECTOR.copy()
    vector[10] = bad
    payload = vector.tobytes()
    scanner = PayloadScanner(FP32, COUNT)
    with pytest.raises(PayloadNotFiniteError):
        scanner.update(payload[: 4 * RANGE_BLOCK])


@pytest.mark.parametrize("encoding", [FP32, BF16])
def test_a_bad_last_coordinate_is_found_at_the_end(encoding: int) -> None:
    payload = bytearray(encode(encoding, VECTOR[:300]))
    payload[-2:] = b"\xff\x7f"
    scanner = PayloadScanner(encoding, 300)
    scanner.update(payload)
    with pytest.raises(PayloadNotFiniteError):
        scanner.finish()


@pytest.mark.parametrize("scale", [math.nan, math.inf, 3e38])
def test_a_bad_scale_is_not_finite(scale: float) -> None:
    payload = struct.pack("<fbb", scale, 127, 1)
    scanner = PayloadScanner(INT8_BLOCK, 2)
    scanner.update(payload)
    with pytest.raises(PayloadNotFiniteError):
        scanner.finish()


@pytest.mark.parametrize("position", [4, 259, 264, 265])
def test_the_byte_that_no_encoder_writes_is_refused(position: int) -> None:
    payload = bytearray(encode(INT8_BLOCK, VECTOR[:258]))
    payload[position] = 0x80
    scanner = PayloadScanner(INT8_BLOCK, 258)
    scanner.update(payload)
    with pytest.raises(InvalidRequestError, match="-128"):
        scanner.finish()


@pytest.mark.parametrize(
    ("position", "value"),
    [(4, 0x08), (4, 0x80), (131, 0x81), (136, 0x08), (136, 0x80), (137, 0x10)],
)
def test_halves_that_no_encoder_writes_are_refused(position: int, value: int) -> None:
    payload = bytearray(encode(INT4_BLOCK, VECTOR[:259]))
    payload[position] = value
    scanner = PayloadScanner(INT4_BLOCK, 259)
    scanner.update(payload)
    with pytest.raises(InvalidRequestError, match="-8"):
        scanner.finish()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_wrong_sizes_are_refused(encoding: int) -> None:
    payload = encode(encoding, VECTOR[:300])
    short = PayloadScanner(encoding, 300)
    short.update(payload[:-1])
    with pytest.raises(PayloadSizeInvalidError):
        short.finish()
    long = PayloadScanner(encoding, 300)
    long.update(payload)
    assert long.received_bytes == len(payload)
    with pytest.raises(PayloadSizeInvalidError):
        long.update(b"\0")


def test_other_encodings_are_refused() -> None:
    with pytest.raises(EncodingMismatchError):
        PayloadScanner(0, 10)

"""Encodings: stated error bounds, ranges, sizes, and bytes that never change."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pfi_common.errors import (
    EncodingMismatchError,
    PayloadNotFiniteError,
    PayloadSizeInvalidError,
)
from pfi_common.tensors import (
    BF16,
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    Schema,
    Tensor,
    decode,
    decode_range,
    decode_with,
    encode,
    encoded_size_bytes,
    initial_adapter,
    range_bytes,
    scratch_size,
)
from pfi_common.tensors.bfloat16 import from_bfloat16, to_bfloat16

ENCODINGS = [FP32, BF16, INT8_BLOCK, INT4_BLOCK]
BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
small = st.floats(min_value=-1.0, max_value=1.0, width=32)
vectors = arrays.arrays(np.float32, st.integers(1, 600), elements=finite)
ordinary_vectors = arrays.arrays(np.float32, st.integers(1, 600), elements=small)


def updates(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1e-3, count).astype(np.float32)


@given(vectors)
@BOUNDED
def test_fp32_loses_nothing(vector: np.ndarray) -> None:
    back = decode(FP32, encode(FP32, vector), vector.size)
    np.testing.assert_array_equal(back.view(np.uint32), vector.view(np.uint32))


@given(vectors)
@BOUNDED
def test_bf16_keeps_its_bound(vector: np.ndarray) -> None:
    vector = vector[np.abs(vector) < 2.0**128 - 2.0**119]
    back = decode(BF16, encode(BF16, vector), vector.size).astype(np.float64)
    exact = vector.astype(np.float64)
    assert (np.abs(back - exact) <= np.maximum(2.0**-8 * np.abs(exact), 2.0**-134)).all()


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(vector=ordinary_vectors)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_decoding_is_a_fixed_point(encoding: int, vector: np.ndarray) -> None:
    """What was decoded encodes to the same values: nothing drifts by passing on."""
    once = decode(encoding, encode(encoding, vector), vector.size)
    twice = decode(encoding, encode(encoding, once), vector.size)
    np.testing.assert_allclose(twice, once, rtol=5e-7)


def test_every_bfloat16_word_comes_back() -> None:
    words = np.arange(1 << 16, dtype=np.uint16)
    floats = from_bfloat16(words)
    back = to_bfloat16(floats)
    nan = np.isnan(floats)
    np.testing.assert_array_equal(back[~nan], words[~nan])
    assert np.isnan(from_bfloat16(back[nan])).all()


def test_bfloat16_rounds_to_nearest_even() -> None:
    words = np.arange(0x7F7F, dtype=np.uint32)  # every non-negative finite word but the last
    middle = ((words << 16) | 0x8000).view(np.float32)
    even = (words + (words & 1)).astype(np.uint16)
    np.testing.assert_array_equal(to_bfloat16(middle), even)
    below = ((words << 16) | 0x7FFF).view(np.float32)
    np.testing.assert_array_equal(to_bfloat16(below), words.astype(np.uint16))
    above = ((words << 16) | 0x8001).view(np.float32)
    np.testing.assert_array_equal(to_bfloat16(above), (words + 1).astype(np.uint16))
    np.testing.assert_array_equal(to_bfloat16(-middle), even | 0x8000)


@pytest.mark.parametrize("bits", [0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF])
def test_bfloat16_keeps_nan(bits: int) -> None:
    value = np.array([bits], np.uint32).view(np.float32)
    assert np.isnan(from_bfloat16(to_bfloat16(value))).all()


@pytest.mark.parametrize("count", [1, 255, 256, 257, 65_535, 65_536, 65_537])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_sizes_are_exact(encoding: int, count: int) -> None:
    assert len(encode(encoding, updates(count))) == encoded_size_bytes(encoding, count)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_ranges_are_parts_of_the_whole(encoding: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 3 * RANGE_BLOCK + 700))
    start = RANGE_BLOCK * data.draw(st.integers(0, count // RANGE_BLOCK))
    stop = data.draw(st.integers(start, count))
    payload = encode(encoding, updates(count))
    whole = decode(encoding, payload, count)
    part = decode_range(encoding, payload, count, start, stop)
    np.testing.assert_array_equal(part, whole[start:stop])
    first, last = range_bytes(encoding, count, start, stop)
    if stop % 256 == 0 or stop == count:
        np.testing.assert_array_equal(decode(encoding, payload[first:last], stop - start), part)


@pytest.mark.parametrize(("start", "stop"), [(1, 5), (0, 11), (-65_536, 5), (65_536, 65_536)])
def test_ranges_outside_are_refused(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="range"):
        decode_range(FP32, encode(FP32, updates(10)), 10, start, stop)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("change", [-1, 1])
def test_other_sizes_are_refused(encoding: int, change: int) -> None:
    payload = (encode(encoding, updates(300)) + b"\0")[: encoded_size_bytes(encoding, 300) + change]
    with pytest.raises(PayloadSizeInvalidError):
        decode(encoding, payload, 300)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(encoding: int, bad: float) -> None:
    vector = updates(70_000)
    vector[69_999] = bad
    with pytest.raises(PayloadNotFiniteError):
        encode(encoding, vector)


def test_bf16_refuses_what_would_become_infinite() -> None:
    with pytest.raises(PayloadNotFiniteError):
        encode(BF16, np.array([np.finfo(np.float32).max], np.float32))


@pytest.mark.parametrize("encoding", [0, 5, -1])
def test_other_encodings_are_refused(encoding: int) -> None:
    with pytest.raises(EncodingMismatchError):
        encode(encoding, updates(3))
    with pytest.raises(EncodingMismatchError):
        decode(encoding, b"", 0)


def test_decoded_vectors_are_the_callers_own() -> None:
    payload = encode(FP32, updates(10))
    vector = decode(FP32, payload, 10)
    vector[0] = 7
    assert decode(FP32, payload, 10)[0] != 7


def test_unaligned_buffers_are_read() -> None:
    for encoding in ENCODINGS:
        payload = encode(encoding, updates(300))
        shifted = memoryview(b"x" + payload)[1:]
        np.testing.assert_array_equal(
            decode(encoding, shifted, 300), decode(encoding, payload, 300)
        )


@pytest.mark.parametrize(
    ("encoding", "seed", "digest"),
    [
        (FP32, None, "8f04840fa9e6bb98cf119321cbfcc3b215df67e3c1d3afeebf5b99028c0f9201"),
        (BF16, None, "c9657adc66603b7b7777b36156c8e8a5c0371f1dd38aedf8ab9632d5b837296c"),
        (INT8_BLOCK, None, "6db77dfa542eb3332cd190621ef1de1d2e030699c90d96b4cabbaa0fa7a48747"),
        (INT8_BLOCK, 42, "df35e507963d94ccd1c01d67879397e4cd91ec04fe7d6d7ffc50c70925b0d5b1"),
        (INT4_BLOCK, None, "d26b20f5ff1734a71d2fe1b752282cb2bcd8eb70a45770e3caeea81295c269bb"),
        (INT4_BLOCK, 42, "be8c7cefa00fa05c2604553ea2a42abf47b70d00ecd077e77e6d63a54eb256ea"),
    ],
)
def test_the_bytes_never_change(encoding: int, seed: int | None, digest: str) -> None:
    schema = Schema((Tensor("a.lora_A.weight", (8, 8209)),), 8, 8, ("a",))
    payload = encode(encoding, initial_adapter(schema, 1), seed=seed)
    assert hashlib.sha256(payload).hexdigest() == digest


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 511, 1000])
def test_decoding_into_scratch_memory_gives_the_same_bits(encoding: int, count: int) -> None:
    vector = np.random.default_rng(count).normal(0, 1, count).astype(np.float32)
    data = encode(encoding, vector)
    scratch = np.full(scratch_size(1000), np.nan, np.float32)
    result = decode_with(scratch, encoding, data, count)
    assert result.tobytes() == decode(encoding, data, count).tobytes()

"""int8_block and int4_block: scales, bounds, and rounding at random."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.common.tensors.test_encoding import BOUNDED, ordinary_vectors, updates, vectors

from pfi_common.tensors import INT4_BLOCK, INT8_BLOCK, decode, encode
from pfi_common.tensors.random_words import WordStream

BLOCKS = [INT8_BLOCK, INT4_BLOCK]
LIMITS = {INT8_BLOCK: 127, INT4_BLOCK: 7}
BLOCK_BYTES = {INT8_BLOCK: 260, INT4_BLOCK: 132}
DOMAINS = {
    INT8_BLOCK: "pfi int8_block rounding v1",
    INT4_BLOCK: "pfi int4_block rounding v1",
}


def scales_of(vector: np.ndarray, encoding: int = INT8_BLOCK) -> np.ndarray:
    """The scale of each coordinate, read from the bytes."""
    data = encode(encoding, vector)
    step = BLOCK_BYTES[encoding]
    scales = [struct.unpack_from("<f", data, at)[0] for at in range(0, len(data), step)]
    return np.repeat(np.array(scales, np.float64), 256)[: vector.size]


def step_at(encoding: int, data: bytes, index: int) -> int:
    """The step of a coordinate, read from the bytes."""
    block, place = divmod(index, 256)
    start = block * BLOCK_BYTES[encoding] + 4
    if encoding == INT8_BLOCK:
        return int(struct.unpack_from("b", data, start + place)[0])
    half = data[start + place // 2] >> (4 * (place % 2)) & 0x0F
    return half - 16 if half > 7 else half


@pytest.mark.parametrize("encoding", BLOCKS)
@given(vector=vectors)
@BOUNDED
def test_blocks_keep_their_bound(encoding: int, vector: np.ndarray) -> None:
    back = decode(encoding, encode(encoding, vector), vector.size).astype(np.float64)
    scales = scales_of(vector, encoding)
    assert (np.abs(back - vector.astype(np.float64)) <= 0.50001 * scales).all()


@pytest.mark.parametrize("encoding", BLOCKS)
@given(vector=ordinary_vectors, seed=st.integers(0, 2**64 - 1))
@BOUNDED
def test_blocks_with_a_seed_keep_their_bound(encoding: int, vector: np.ndarray, seed: int) -> None:
    data = encode(encoding, vector, seed=seed)
    assert data == encode(encoding, vector, seed=seed)
    back = decode(encoding, data, vector.size).astype(np.float64)
    scales = scales_of(vector, encoding)
    assert (np.abs(back - vector.astype(np.float64)) <= 1.00001 * scales).all()


@pytest.mark.parametrize("encoding", BLOCKS)
@given(vector=vectors)
@BOUNDED
def test_scales_keep_their_bound(encoding: int, vector: np.ndarray) -> None:
    scales, limit = scales_of(vector, encoding), LIMITS[encoding]
    for start in range(0, vector.size, 256):
        highest = Fraction(float(np.abs(vector[start : start + 256]).max()))
        scale = Fraction(float(scales[start]))
        assert scale <= highest / limit * (1 + Fraction(1, 2**23)) + Fraction(1, 2**149)
        assert scale * limit >= highest or highest > Fraction(2) ** 127


@given(vector=ordinary_vectors)
@BOUNDED
def test_int4_block_contracts(vector: np.ndarray) -> None:
    """What is lost is smaller than what there was, which error feedback needs."""
    exact = vector.astype(np.float64)
    lost = exact - decode(INT4_BLOCK, encode(INT4_BLOCK, vector), vector.size)
    assert np.linalg.norm(lost) <= 0.753 * np.linalg.norm(exact)


def test_int4_block_contracts_no_further_than_stated() -> None:
    vector = np.full(256, 0.5, np.float32)
    vector[0] = 7.0
    lost = vector - decode(INT4_BLOCK, encode(INT4_BLOCK, vector), 256)
    assert 0.75 < np.linalg.norm(lost) / np.linalg.norm(vector) < 0.753


def test_int4_block_contracts_less_where_scales_are_subnormal() -> None:
    worst = 0.0
    for highest in range(1, 200):
        for others in range(highest + 1):
            units = np.full(256, others)
            units[0] = highest
            vector = np.ldexp(units.astype(np.float32), -149)
            back = decode(INT4_BLOCK, encode(INT4_BLOCK, vector), 256)
            lost = units - np.ldexp(back.astype(np.float64), 149)
            worst = max(worst, float(np.linalg.norm(lost) / np.linalg.norm(units)))
    assert 0.894 < worst < 0.895


@pytest.mark.parametrize("encoding", BLOCKS)
def test_stochastic_rounding_has_no_bias(encoding: int) -> None:
    vector = np.tile(np.linspace(-1, 1, 256, dtype=np.float32), 4)
    repeats = 600
    total = np.zeros(vector.size)
    for seed in range(repeats):
        total += decode(encoding, encode(encoding, vector, seed=seed), vector.size)
    step = float(scales_of(vector, encoding)[0])
    deviation = step / 2 / math.sqrt(repeats)
    assert np.abs(total / repeats - vector).max() < 5 * deviation
    assert abs((total / repeats - vector).mean()) < 5 * deviation / math.sqrt(vector.size)


@pytest.mark.parametrize("encoding", BLOCKS)
def test_stochastic_rounding_follows_the_documented_words(encoding: int) -> None:
    vector = updates(70_000)
    words = WordStream(DOMAINS[encoding], 9).take(35_072)
    scales = scales_of(vector, encoding)
    data = encode(encoding, vector, seed=9)
    for i in (0, 1, 255, 256, 65_535, 65_536, 69_999):
        half = (int(words[i // 2]) >> (32 * (i % 2))) & 0xFFFFFFFF
        expected = math.floor(float(vector[i]) / scales[i] + half * 2.0**-32)
        assert step_at(encoding, data, i) == expected


@pytest.mark.parametrize("encoding", BLOCKS)
def test_zeros_and_the_smallest_numbers_survive(encoding: int) -> None:
    tiny = np.float32(2.0**-149)
    vector = np.array([0.0, -0.0, tiny, -tiny, LIMITS[encoding] * tiny], np.float32)
    back = decode(encoding, encode(encoding, vector), 5)
    np.testing.assert_array_equal(back, vector)
    zeros = np.zeros(300, np.float32)
    assert decode(encoding, encode(encoding, zeros), 300).tolist() == [0] * 300


@pytest.mark.parametrize("encoding", BLOCKS)
def test_the_highest_numbers_stay_finite(encoding: int) -> None:
    highest = np.finfo(np.float32).max
    vector = np.array([highest, -highest, highest / 2], np.float32)
    assert np.isfinite(decode(encoding, encode(encoding, vector), 3)).all()


def test_int8_block_interleaves_scales_and_values() -> None:
    vector = np.zeros(258, np.float32)
    vector[:3] = [127, -64, 0.4]
    vector[256:] = [-254, 2]
    data = encode(INT8_BLOCK, vector)
    assert data[:7] == struct.pack("<fbbb", 1.0, 127, -64, 0)
    assert data[260:] == struct.pack("<fbb", 2.0, -127, 1)


def test_int4_block_packs_the_lower_index_into_the_lower_half() -> None:
    vector = np.zeros(259, np.float32)
    vector[:4] = [7, -7, 0.4, -1]
    vector[256:] = [-14, 2, 4]
    data = encode(INT4_BLOCK, vector)
    assert data[:6] == struct.pack("<fBB", 1.0, 0x97, 0xF0)
    assert data[132:] == struct.pack("<fBB", 2.0, 0x19, 0x02)

"""Version 0: the bits of a second implementation in plain Python, and the right distribution."""

from __future__ import annotations

import hashlib
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_common.tensors import Schema, Tensor, adapter_digest, initial_adapter
from pfi_common.tensors.exact_math import logarithm, sine_and_cosine
from pfi_common.tensors.random_words import WordStream

MASK = (1 << 64) - 1
A = "layers.0.q_proj.lora_A.weight"
B = "layers.0.q_proj.lora_B.weight"
HEAD = "score.weight"
SCHEMA = Schema((Tensor(A, (4, 10)), Tensor(B, (10, 4)), Tensor(HEAD, (3, 5))), 4, 8, ("q_proj",))


def philox_block(counter: int, key: tuple[int, int]) -> list[int]:
    """Philox4x64-10, written from Salmon et al. 2011."""
    x = [counter & MASK, counter >> 64, 0, 0]
    k = list(key)
    for _ in range(10):
        high_0, low_0 = divmod(0xD2E7470EE14C6C93 * x[0], 1 << 64)
        high_1, low_1 = divmod(0xCA5A826395121157 * x[2], 1 << 64)
        x = [high_1 ^ x[1] ^ k[0], low_1, high_0 ^ x[3] ^ k[1], low_0]
        k = [(k[0] + 0x9E3779B97F4A7C15) & MASK, (k[1] + 0xBB67AE8584CAA73B) & MASK]
    return x


def words_of(domain: str, seed: int, name: str, count: int) -> list[int]:
    text = domain.encode() + b"\0" + struct.pack("<Q", seed) + name.encode()
    key = struct.unpack("<QQ", hashlib.sha256(text).digest()[:16])
    blocks = (philox_block(counter, key) for counter in range(1, count // 4 + 2))
    return [word for block in blocks for word in block][:count]


def as_float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def signed(word: int) -> float:
    return (2 * (word >> 12) + 1 - 2**52) * 2.0**-52


def plain_logarithm(value: float) -> float:
    fraction, exponent = math.frexp(value)
    if fraction < 0.70710678118654752440:
        fraction, exponent = fraction * 2, exponent - 1
    ratio = (fraction - 1) / (fraction + 1)
    square = ratio * ratio
    series = 1 / 25
    for odd in range(23, 0, -2):
        series = series * square + 1 / odd
    return exponent * 0.69314718055994530942 + (2 * ratio) * series


def plain_pair(u: int, v: int) -> tuple[float, float]:
    radius = math.sqrt(-2 * plain_logarithm((2 * (u >> 12) + 1) * 2.0**-53))
    angle = signed((v << 2) & MASK) * 0.78539816339744830962
    square = angle * angle
    cosine = sine = 1.0
    for n in range(10, 0, -1):
        sine = 1 - (square / (2 * n * (2 * n + 1))) * sine
        cosine = 1 - (square / ((2 * n - 1) * (2 * n))) * cosine
    sine = angle * sine
    for _ in range(v >> 62):
        cosine, sine = -sine, cosine
    return as_float32((radius * cosine) * 0.02), as_float32((radius * sine) * 0.02)


def test_words_are_philox() -> None:
    stream = WordStream("domain", 7, "name")
    taken = [int(word) for count in (3, 4, 6) for word in stream.take(count)]
    assert taken == words_of("domain", 7, "name", 13)


def test_every_coordinate_is_that_of_the_second_implementation() -> None:
    seed = 12345
    vector = initial_adapter(SCHEMA, seed)
    words = words_of("pfi initial adapter v1", seed, A, 40)
    expected = [as_float32(signed(word) * (1 / math.sqrt(10))) for word in words]
    expected += [0.0] * 40
    words = words_of("pfi initial adapter v1", seed, HEAD, 16)
    pairs = [plain_pair(*words[i : i + 2]) for i in range(0, 16, 2)]
    expected += [value for pair in pairs for value in pair][:15]
    assert vector.tolist() == expected


@pytest.mark.parametrize(
    ("seed", "digest"),
    [
        (0, "2686267e8e40466506807450c5ef000263c96a352fdfe040f847bf1198ffb5c5"),
        (1, "9bf07a5b92b820da230820e8beb2786567cd51734853aba0c4bb914f380fa377"),
        (2**64 - 1, "07df945b5fab8a4e804e717c240335878c55aac3a317d7098b4a3868d925a25e"),
    ],
)
def test_the_bits_never_change(seed: int, digest: str) -> None:
    assert adapter_digest(initial_adapter(SCHEMA, seed)) == digest


def test_large_tensors_are_made_of_the_same_stream() -> None:
    schema = Schema((Tensor(A, (3, 50_001)), Tensor(HEAD, (70_001,))), 3, 3, ("q_proj",))
    vector = initial_adapter(schema, 5)
    words = WordStream("pfi initial adapter v1", 5, A).take(150_003)
    last = as_float32(signed(int(words[-1])) * (1 / math.sqrt(50_001)))
    assert vector[150_002] == last
    words = WordStream("pfi initial adapter v1", 5, HEAD).take(70_002)
    assert vector[-1] == plain_pair(int(words[-2]), int(words[-1]))[0]


def test_uniform_values_fill_their_interval() -> None:
    schema = Schema((Tensor(A, (16, 4096)),), 16, 16, ("q_proj",))
    scaled = initial_adapter(schema, 3).astype(np.float64) * 64
    assert np.abs(scaled).max() < 1
    counts, _ = np.histogram(scaled, bins=16, range=(-1, 1))
    expected = scaled.size / 16
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 37.7  # 99.9 % of a chi-square with 15 degrees of freedom


def test_normal_values_have_their_moments() -> None:
    schema = Schema((Tensor(HEAD, (1 << 16,)),), 1, 1, ("q_proj",))
    values = initial_adapter(schema, 3).astype(np.float64) / 0.02
    deviation = 1 / math.sqrt(values.size)
    assert abs(values.mean()) < 4 * deviation
    assert abs((values**2).mean() - 1) < 4 * math.sqrt(2) * deviation
    assert abs((values**4).mean() - 3) < 4 * math.sqrt(96) * deviation
    assert abs((values[0::2] * values[1::2]).mean()) < 4 * deviation


def test_tensors_and_seeds_have_streams_of_their_own() -> None:
    schema = Schema(
        (Tensor("a.lora_A.weight", (1, 64)), Tensor("b.lora_A.weight", (1, 64))), 1, 1, ("q",)
    )
    vector = initial_adapter(schema, 0)
    assert not np.intersect1d(vector[:64], vector[64:]).size
    assert not np.intersect1d(vector, initial_adapter(schema, 1)).size


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_seeds_have_64_bits(seed: int) -> None:
    with pytest.raises(ValueError, match="seed"):
        initial_adapter(SCHEMA, seed)


@given(st.floats(min_value=2.0**-53, max_value=1.0, exclude_max=True))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_the_logarithm_is_good_to_a_few_units(value: float) -> None:
    assert logarithm(np.array([value]))[0] == pytest.approx(math.log(value), rel=1e-15)


@given(st.floats(min_value=-math.pi / 4, max_value=math.pi / 4))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_sine_and_cosine_are_good_to_a_few_units(angle: float) -> None:
    sine, cosine = sine_and_cosine(np.array([angle]))
    assert sine[0] == pytest.approx(math.sin(angle), rel=1e-15)
    assert cosine[0] == pytest.approx(math.cos(angle), rel=1e-15)

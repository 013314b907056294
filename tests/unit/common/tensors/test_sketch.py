"""Sketches: the bits of a second implementation, and cosines that are kept."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from tests.unit.common.tensors.test_initial import words_of

from pfi_common.tensors import (
    BF16,
    FP32,
    INT8_BLOCK,
    RANGE_BLOCK,
    PayloadScanner,
    Schema,
    Sketcher,
    Tensor,
    decode,
    encode,
    sketch,
)

SIZE = RANGE_BLOCK + 600


def schema(rank: int = 4, inputs: int = 80, outputs: int = 60) -> Schema:
    return Schema(
        (
            Tensor("a.head.weight", (5, 8)),
            Tensor("b.lora_A.weight", (rank, inputs)),
            Tensor("b.lora_B.weight", (outputs, rank)),
        ),
        rank,
        2 * rank,
        ("b",),
    )


def head(size: int) -> Schema:
    """A schema whose coordinates all count."""
    return Schema((Tensor("head.weight", (size,)),), 1, 1, ("head",))


def plain_sketch(vector: list[float], made: Schema, seed: int, dimensions: int) -> list[float]:
    """The documented order of additions, in plain Python."""
    words = words_of("pfi sketch v1", seed, "", len(vector))
    counts = [
        not tensor.name.endswith(".lora_A.weight")
        for tensor in made.tensors
        for _ in range(tensor.coordinate_count)
    ]
    total = [0.0] * dimensions
    for start in range(0, len(vector), RANGE_BLOCK):
        sums = [0.0] * dimensions
        for index in range(start, min(start + RANGE_BLOCK, len(vector))):
            if counts[index]:
                word = words[index]
                sign = -1.0 if word & 1 else 1.0
                sums[((word >> 32) * dimensions) >> 32] += sign * vector[index]
        total = [a + b for a, b in zip(total, sums, strict=True)]
    return [struct.unpack("<f", struct.pack("<f", value))[0] for value in total]


def vector(size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1e-2, size).astype(np.float32)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first.astype(np.float64), second.astype(np.float64)
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


@pytest.mark.parametrize("dimensions", [1, 7, 64])
def test_the_bits_are_those_of_the_documentation(dimensions: int) -> None:
    made = schema()
    given = vector(made.coordinate_count)
    expected = plain_sketch(given.tolist(), made, 2**64 - 1, dimensions)
    assert sketch(given, made, 2**64 - 1, dimensions).tolist() == expected


def test_blocks_are_summed_in_turn() -> None:
    made, given = head(SIZE), vector(SIZE)
    assert sketch(given, made, 3, 64).tolist() == plain_sketch(given.tolist(), made, 3, 64)


def test_the_a_factors_do_not_count() -> None:
    made = schema()
    given, other = vector(made.coordinate_count), vector(made.coordinate_count)
    other[40:360] = 5.0
    assert np.array_equal(sketch(given, made, 1, 64), sketch(other, made, 1, 64))
    other[360] += 1.0
    assert not np.array_equal(sketch(given, made, 1, 64), sketch(other, made, 1, 64))


def test_an_a_factor_that_crosses_blocks_does_not_count() -> None:
    made = schema(rank=2, inputs=RANGE_BLOCK)
    given = np.zeros(made.coordinate_count, dtype=np.float32)
    given[40 : 40 + 2 * RANGE_BLOCK] = 1.0
    assert not sketch(given, made, 1, 64).any()


def test_seeds_give_sketches_of_their_own() -> None:
    made = schema()
    given = vector(made.coordinate_count)
    assert not np.array_equal(sketch(given, made, 1, 64), sketch(given, made, 2, 64))


def test_sketches_are_linear() -> None:
    made = head(4096)
    first, second = np.float32(2.0) * vector(4096, 1).round(2), vector(4096, 2).round(2)
    total = sketch(first + second, made, 1, 64)
    parts = sketch(first, made, 1, 64) + sketch(second, made, 1, 64)
    assert np.allclose(total, parts, atol=1e-5)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_cosines_are_kept_within_the_stated_noise(kept: float) -> None:
    """Over seeds, the mean is the cosine and the deviation at most what the docstring says."""
    size, seeds = 8192, 200
    first, noise = vector(size, 1).astype(np.float64), vector(size, 2).astype(np.float64)
    second = kept * first + math.sqrt(1 - kept**2) * noise
    pair = [first.astype(np.float32), second.astype(np.float32)]
    true = cosine(*pair)
    made = head(size)
    errors = [
        cosine(*(sketch(each, made, seed, 64) for each in pair)) - true for seed in range(seeds)
    ]
    deviation = math.sqrt((1 + true**2) / 64)
    assert abs(np.mean(errors)) < 4 * deviation / math.sqrt(seeds)
    assert np.std(errors) < 1.1 * deviation


def test_a_zero_update_has_a_zero_sketch() -> None:
    assert not sketch(np.zeros(700, dtype=np.float32), head(700), 1, 64).any()


def test_huge_coordinates_stay_finite() -> None:
    huge = np.full(700, np.finfo(np.float32).max, dtype=np.float32)
    assert np.isfinite(sketch(huge, head(700), 1, 2)).all()


@pytest.mark.parametrize(("seed", "dimensions"), [(0, 0), (0, 4097), (-1, 64), (1 << 64, 64)])
def test_ranges_are_checked(seed: int, dimensions: int) -> None:
    with pytest.raises(ValueError, match="not"):
        Sketcher(head(10), seed, dimensions)


@pytest.mark.parametrize("encoding", [FP32, BF16, INT8_BLOCK])
@pytest.mark.parametrize("step", [1 << 20, 4099])
def test_a_payload_gives_its_sketch_for_every_cutting(encoding: int, step: int) -> None:
    made = head(SIZE)
    payload = encode(encoding, vector(SIZE))
    scanner = PayloadScanner(encoding, SIZE, Sketcher(made, 9, 64))
    for start in range(0, len(payload), step):
        scanner.update(payload[start : start + step])
    expected = sketch(decode(encoding, payload, SIZE), made, 9, 64)
    assert scanner.finish().sketch == tuple(expected.tolist())


def test_a_payload_has_no_sketch_unless_asked() -> None:
    scanner = PayloadScanner(FP32, 3)
    scanner.update(bytes(12))
    assert scanner.finish().sketch == ()

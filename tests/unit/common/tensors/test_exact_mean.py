"""The mean is the ratio, rounded once: also half-way between two float32 and above 2^53."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pfi_common.tensors import mean

BOUNDED = settings(max_examples=400, deadline=None, derandomize=True)
HIGHEST = 2**63 - 1


def nearest_float32(value: Fraction) -> float:
    """Rounds to 24 significant bits, ties to even, in integers."""
    if value == 0:
        return 0.0
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length() - 25
    while abs(value) / Fraction(2) ** exponent >= 2**24:
        exponent += 1
    return float(round(value / Fraction(2) ** exponent) * Fraction(2) ** exponent)


def check(sums: list[int], total: int, fraction_bits: int) -> None:
    computed = mean(np.array(sums, np.int64), total, fraction_bits)
    assert computed.dtype == np.float32
    expected = [nearest_float32(Fraction(value, total * 2**fraction_bits)) for value in sums]
    assert computed.astype(np.float64).tolist() == expected


@given(
    st.lists(st.integers(-HIGHEST, HIGHEST), min_size=1, max_size=20),
    st.integers(1, 2**62),
    st.integers(0, 63),
)
@BOUNDED
@example([HIGHEST, -HIGHEST, 2**53 + 1, 1, -1, 0], 1, 0)
@example([HIGHEST, -HIGHEST, 2**53 + 1, 1, -1, 0], 2**62, 63)
@example([HIGHEST - 1, HIGHEST - 2], HIGHEST - 3, 20)
def test_any_ratio_is_rounded_once(sums: list[int], total: int, fraction_bits: int) -> None:
    check(sums, total, fraction_bits)


@given(
    st.integers(2**24, 2**25 - 1).map(lambda middle: middle | 1),
    st.integers(1, 2**38 - 1),
    st.sampled_from([-3, -2, -1, 0, 1, 2, 3]),
    st.integers(0, 63),
    st.sampled_from([1, -1]),
)
@BOUNDED
def test_middles_and_their_neighbours(
    middle: int, total: int, offset: int, fraction_bits: int, sign: int
) -> None:
    """Ratios that are exactly half-way between two float32, and those a last bit beside."""
    room = (62 - 25 - total.bit_length()) if total.bit_length() < 37 else 0
    check([sign * ((middle * total << room) + offset)], total, fraction_bits)


@given(
    st.integers(2**24, 2**25 - 1).map(lambda middle: middle | 1),
    st.integers(2**40, 2**62),
    st.integers(-2, 2),
    st.integers(1, 24),
)
@BOUNDED
def test_ratios_near_a_middle_with_large_totals(
    middle: int, total: int, offset: int, shift: int
) -> None:
    """The sums nearest to middle * total / 2^shift: as close to a middle as integers get."""
    near = middle * total >> (25 + shift)
    check([near + offset], total, 30)


def test_all_totals_of_a_power_of_two_keep_their_middles() -> None:
    sums = [(middle << 20) for middle in range(2**24 + 1, 2**24 + 400, 2)]
    check(sums, 2**20, 0)
    check(sums, 2**62, 60)


def test_a_vector_of_middles_is_not_slow() -> None:
    total = 12_345
    count = 1 << 20
    random = np.random.default_rng(0)
    middles = (random.integers(2**24, 2**25, count) | 1) * total
    ordinary = random.integers(-(2**60), 2**60, count)
    durations = []
    for sums in (ordinary, middles):
        best = min(_seconds(sums, total) for _ in range(3))
        durations.append(best)
    assert durations[1] < 20 * durations[0] + 0.5


def _seconds(sums: np.ndarray, total: int) -> float:
    start = time.perf_counter()
    mean(sums, total, 10)
    return time.perf_counter() - start


def test_long_vectors_are_divided_piece_by_piece() -> None:
    sums = np.arange(-50_000, 50_003, dtype=np.int64)
    np.testing.assert_array_equal(mean(sums, 1, 3), (sums / 8).astype(np.float32))


@pytest.mark.parametrize(("total", "fraction_bits"), [(0, 1), (-1, 1), (1, -1), (2**63, 64)])
def test_what_has_no_mean_is_refused(total: int, fraction_bits: int) -> None:
    with pytest.raises(ValueError, match="range"):
        mean(np.zeros(1, np.int64), total, fraction_bits)


def test_the_mean_in_place_of_the_sums_has_the_same_bits() -> None:
    sums = np.random.default_rng(5).integers(-(2**62), 2**62, 20_001)
    expected = mean(sums, 77, 20)
    result = mean(sums, 77, 20, in_place=True)
    assert np.shares_memory(result, sums)
    assert result.tobytes() == expected.tobytes()

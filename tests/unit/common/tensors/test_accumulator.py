"""The accumulator against the plain statement of what an update counts as."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_common.errors import PayloadNotFiniteError
from pfi_common.tensors import FULL_CLIP_FACTOR, Accumulator, accumulate

BOUNDED = settings(max_examples=200, deadline=None, derandomize=True)
COUNT = 70_001


def cut(vector: np.ndarray, size: int) -> list[np.ndarray]:
    return [vector[start : start + size] for start in range(0, vector.size, size)]


def highest_of(vector: np.ndarray) -> float:
    return float(np.abs(vector).max())


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.one_of(
                    st.floats(-10, 10, width=32),
                    st.integers(-(2**24), 2**24).map(lambda n: n * 2.0**-33),
                    st.sampled_from([0.0, -0.0, 2.0**-149, 10.0, -10.0]),
                ),
                min_size=5,
                max_size=5,
            ),
            st.one_of(st.just(FULL_CLIP_FACTOR), st.integers(0, FULL_CLIP_FACTOR)),
            st.integers(-(2**20), 2**20),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 60),
    st.integers(1, 5),
)
@BOUNDED
def test_every_bit_is_that_of_accumulate(
    updates: list[tuple[list[float], int, int]], fraction_bits: int, piece: int
) -> None:
    expected, sums = np.zeros(5, np.int64), Accumulator(5, fraction_bits)
    for coordinates, clip, weight in updates:
        vector = np.array(coordinates, np.float32)
        if highest_of(vector) * math.ldexp(clip, fraction_bits - 24) >= 2.0**63:
            continue
        accumulate(expected, vector, clip, weight, fraction_bits)
        sums.add(cut(vector, piece), clip, weight, highest_of(vector))
    np.testing.assert_array_equal(sums.take(), expected)


@pytest.mark.parametrize("clip", [FULL_CLIP_FACTOR, 3 << 22])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("steps", [-3, -2, -1, 0, 1, 2, 3])
def test_the_bound_where_the_way_of_adding_changes(clip: int, sign: int, steps: int) -> None:
    fraction_bits = 40
    edge = np.float32(2.0 ** (51 - fraction_bits) * FULL_CLIP_FACTOR / clip)
    for _ in range(abs(steps)):
        edge = np.nextafter(edge, np.float32(math.copysign(math.inf, steps)))
    vector = np.array([sign * edge, 0.1, -edge / 3], np.float32)
    expected = np.zeros(3, np.int64)
    accumulate(expected, vector, clip, 7, fraction_bits)
    sums = Accumulator(3, fraction_bits)
    sums.add([vector], clip, 7, highest_of(vector))
    np.testing.assert_array_equal(sums.take(), expected)


def test_both_ways_mix_and_what_is_taken_can_go_on() -> None:
    rng = np.random.default_rng(1)
    low = rng.normal(0, 1e-3, COUNT).astype(np.float32)
    high = rng.normal(0, 3, COUNT).astype(np.float32)
    expected, sums = np.zeros(COUNT, np.int64), Accumulator(COUNT, 49)
    for vector, clip, weight in [(low, FULL_CLIP_FACTOR, 3), (high, 12345, 5), (low, 99, -2)]:
        accumulate(expected, vector, clip, weight, 49)
        sums.add(cut(vector, 65_536), clip, weight, highest_of(vector))
        np.testing.assert_array_equal(sums.take(), expected)


def test_taking_back_leaves_no_trace() -> None:
    vector = np.random.default_rng(2).normal(0, 1, COUNT).astype(np.float32)
    sums = Accumulator(COUNT, 30)
    sums.add([vector], 1 << 23, 77, highest_of(vector))
    sums.add(cut(vector, 10_000), 1 << 23, -77, highest_of(vector))
    assert not sums.take().any()


@pytest.mark.parametrize("sizes", [[3], [5], [3, 2], [4, 1, 1]])
def test_an_update_is_added_as_a_whole(sizes: list[int]) -> None:
    sums = Accumulator(4, 30)
    ranges = [np.zeros(size, np.float32) for size in sizes]
    with pytest.raises(ValueError, match="coordinates"):
        sums.add(ranges, FULL_CLIP_FACTOR, 1, 0.0)


def test_what_is_too_high_for_64_bits_is_refused() -> None:
    vector = np.array([1e30], np.float32)
    with pytest.raises(PayloadNotFiniteError):
        Accumulator(1, 30).add([vector], FULL_CLIP_FACTOR, 1, 1e30)


def test_threads_may_add_beside_each_other() -> None:
    rng = np.random.default_rng(3)
    vectors = [rng.normal(0, 1, COUNT).astype(np.float32) for _ in range(8)]
    expected, sums = np.zeros(COUNT, np.int64), Accumulator(COUNT, 40)
    for vector in vectors:
        accumulate(expected, vector, FULL_CLIP_FACTOR, 9, 40)
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda vector: sums.add(cut(vector, 4096), FULL_CLIP_FACTOR, 9, highest_of(vector)),
                vectors,
            )
        )
    np.testing.assert_array_equal(sums.take(), expected)


@pytest.mark.parametrize("weight", [1, 7, 1 << 20])
def test_parts_are_added_and_taken_back_beside_whole_updates(weight: int) -> None:
    rng = np.random.default_rng(4)
    first, second, broken = (rng.normal(0, 1, COUNT).astype(np.float32) for _ in range(3))
    expected, sums = np.zeros(COUNT, np.int64), Accumulator(COUNT, 40)
    for start in range(0, COUNT, 4096):
        sums.add_part(first[start : start + 4096], start, weight)
        sums.add_part(broken[: start + 4096][-100:], min(start + 4096, COUNT) - 100, 3)
    sums.complete(weight)
    sums.add([second], 1 << 23, 5, highest_of(second))
    for start in range(0, COUNT, 4096):
        sums.add_part(broken[: start + 4096][-100:], min(start + 4096, COUNT) - 100, -3)
    accumulate(expected, first, FULL_CLIP_FACTOR, weight, 40)
    accumulate(expected, second, 1 << 23, 5, 40)
    np.testing.assert_array_equal(sums.take(), expected)


@pytest.mark.parametrize(
    ("highest", "fraction_bits", "can"),
    [(10.0, 40, True), (2.0**11, 40, False), (2.0**11 - 1, 40, True), (1.0, 127, False)],
)
def test_parts_are_for_what_stays_below_the_bound(highest, fraction_bits, can) -> None:
    assert Accumulator(1, fraction_bits).can_add_parts(highest) is can

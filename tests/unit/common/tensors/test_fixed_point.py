"""The merge of contract 5: exact, order-free, within its range and its error bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_common.errors import PayloadNotFiniteError
from pfi_common.tensors import (
    FULL_CLIP_FACTOR,
    FixedPoint,
    accumulate,
    clip_factor,
    count_weight,
    plan_fixed_point,
    withdraw,
)

BOUNDED = settings(max_examples=60, deadline=None, derandomize=True)
LIMIT = 10.0


@dataclass(frozen=True)
class Update:
    vector: np.ndarray
    clip: int
    weight: int


@st.composite
def rounds(draw: st.DrawFn) -> tuple[FixedPoint, list[Update]]:
    """A round and updates that keep its limits, from tiny to the limit itself."""
    count = draw(st.integers(1, 8))
    size = draw(st.integers(1, 40))
    max_weight = draw(st.sampled_from([1, 100, 4096]))
    plan = plan_fixed_point(LIMIT, count, max_weight)
    coordinate = st.one_of(
        st.floats(-LIMIT, LIMIT, width=32),
        st.floats(-(2.0**-20), 2.0**-20, width=32),
        st.sampled_from([LIMIT, -LIMIT, 0.0, 2.0**-149]),
    )
    made = [
        Update(
            np.array(draw(st.lists(coordinate, min_size=size, max_size=size)), np.float32),
            draw(st.one_of(st.just(FULL_CLIP_FACTOR), st.integers(0, FULL_CLIP_FACTOR))),
            draw(st.integers(1, plan.maximum_weight_units)),
        )
        for _ in range(count)
    ]
    return plan, made


def total_of(plan: FixedPoint, made: list[Update], size: int) -> np.ndarray:
    accumulator = np.zeros(size, np.int64)
    for update in made:
        accumulate(accumulator, update.vector, update.clip, update.weight, plan.fraction_bits)
    return accumulator


def exact_coordinate(update: Update, index: int) -> Fraction:
    return Fraction(float(update.vector[index])) * update.clip / FULL_CLIP_FACTOR


@given(rounds())
@BOUNDED
def test_sums_are_those_of_exact_arithmetic(case: tuple[FixedPoint, list[Update]]) -> None:
    plan, made = case
    size = made[0].vector.size
    accumulator = total_of(plan, made, size)
    for index in range(size):
        # Python rounds a Fraction to the nearest integer, ties to even.
        expected = sum(
            u.weight * round(exact_coordinate(u, index) * 2**plan.fraction_bits) for u in made
        )
        assert int(accumulator[index]) == expected
        assert abs(expected) < 2**63


@given(rounds())
@BOUNDED
def test_the_mean_keeps_its_error_bound(case: tuple[FixedPoint, list[Update]]) -> None:
    plan, made = case
    size = made[0].vector.size
    accumulator = total_of(plan, made, size)
    weight = sum(update.weight for update in made)
    bound = Fraction(1, 2 ** (plan.fraction_bits + 1))
    for index in range(size):
        computed = Fraction(int(accumulator[index]), weight * 2**plan.fraction_bits)
        exact = sum(u.weight * exact_coordinate(u, index) for u in made) / weight
        assert abs(computed - exact) <= bound


@given(rounds(), st.randoms(use_true_random=False), st.data())
@BOUNDED
def test_order_pieces_and_shards_do_not_matter(
    case: tuple[FixedPoint, list[Update]], random: object, data: st.DataObject
) -> None:
    plan, made = case
    size = made[0].vector.size
    expected = total_of(plan, made, size)
    shuffled = list(made)
    random.shuffle(shuffled)
    np.testing.assert_array_equal(total_of(plan, shuffled, size), expected)
    split = data.draw(st.integers(0, len(made)))
    shards = total_of(plan, shuffled[:split], size) + total_of(plan, shuffled[split:], size)
    np.testing.assert_array_equal(shards, expected)
    cut = data.draw(st.integers(0, size))
    pieces = np.zeros(size, np.int64)
    for part in (slice(cut, size), slice(0, cut)):
        for update in shuffled:
            accumulate(
                pieces[part], update.vector[part], update.clip, update.weight, plan.fraction_bits
            )
    np.testing.assert_array_equal(pieces, expected)


@given(rounds(), st.data())
@BOUNDED
def test_withdrawal_is_exact(case: tuple[FixedPoint, list[Update]], data: st.DataObject) -> None:
    plan, made = case
    size = made[0].vector.size
    gone = data.draw(st.sampled_from(made))
    accumulator = total_of(plan, made, size)
    withdraw(accumulator, gone.vector, gone.clip, gone.weight, plan.fraction_bits)
    kept = [update for update in made if update is not gone]
    np.testing.assert_array_equal(accumulator, total_of(plan, kept, size))


@given(
    st.floats(min_value=1e-6, max_value=1e6),
    st.integers(1, 10**6),
    st.integers(1, 2**32),
)
@BOUNDED
def test_the_plan_is_the_formula(limit: float, updates: int, max_weight: int) -> None:
    plan = plan_fixed_point(limit, updates, max_weight)
    highest = Fraction(limit) * updates * max_weight * 256
    exponent = 62 - plan.fraction_bits
    assert Fraction(2) ** exponent >= highest > Fraction(2) ** (exponent - 1)
    assert plan.maximum_weight_units == max_weight * 256
    assert plan.resolution == 2.0**-plan.fraction_bits


def test_a_full_round_at_the_limit_does_not_overflow() -> None:
    for limit, count, max_weight in [(10.0, 1000, 4096), (8.0, 1024, 4096), (1e-6, 3, 1)]:
        plan = plan_fixed_point(limit, count, max_weight)
        accumulator = np.zeros(2, np.int64)
        vector = np.array([limit, -limit], np.float32)
        accumulate(
            accumulator, vector, FULL_CLIP_FACTOR, plan.maximum_weight_units, plan.fraction_bits
        )
        assert abs(int(accumulator[0])) * count <= 2**62 * (1 + 1e-6)


def test_the_resolution_that_is_needed() -> None:
    assert plan_fixed_point(10.0, 4, 4096).is_fine_enough
    fine = FixedPoint(21, 8.0, 1, 1)
    assert fine.is_fine_enough
    assert not FixedPoint(20, 8.0, 1, 1).is_fine_enough


@pytest.mark.parametrize(
    ("limit", "updates", "weight"),
    [(0.0, 1, 1), (-1.0, 1, 1), (math.inf, 1, 1), (math.nan, 1, 1), (1.0, 0, 1), (1.0, 1, 0)],
)
def test_nonsense_has_no_plan(limit: float, updates: int, weight: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        plan_fixed_point(limit, updates, weight)


@given(st.floats(min_value=0, max_value=1e30), st.floats(min_value=1e-30, max_value=1e30))
@BOUNDED
def test_the_clip_factor_is_the_exact_floor(norm: float, clip_norm: float) -> None:
    factor = clip_factor(norm, clip_norm)
    if norm <= clip_norm:
        assert factor == FULL_CLIP_FACTOR
    else:
        exact = Fraction(clip_norm) / Fraction(norm) * 2**24
        assert factor <= exact < factor + 1
        assert Fraction(norm) * factor / 2**24 <= Fraction(clip_norm)


@pytest.mark.parametrize("none", [None, 0.0])
def test_without_a_clip_norm_nothing_is_clipped(none: float | None) -> None:
    assert clip_factor(1e9, none) == FULL_CLIP_FACTOR


def test_weights_are_capped() -> None:
    assert count_weight(3, 4096 * 256) == 3 * 256
    assert count_weight(10**9, 4096 * 256) == 4096 * 256


def test_long_vectors_are_added_piece_by_piece() -> None:
    count = 100_003
    vector = np.random.default_rng(0).normal(0, 1, count).astype(np.float32)
    accumulator = np.full(count, 5, np.int64)
    accumulate(accumulator, vector, FULL_CLIP_FACTOR, 3, 20)
    expected = 5 + 3 * np.rint(vector.astype(np.float64) * 2**20).astype(np.int64)
    np.testing.assert_array_equal(accumulator, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_what_cannot_be_counted_is_refused(bad: float) -> None:
    vector = np.zeros(50_000, np.float32)
    vector[40_000] = bad
    with pytest.raises(PayloadNotFiniteError):
        accumulate(np.zeros(50_000, np.int64), vector, FULL_CLIP_FACTOR, 1, 30)


@pytest.mark.parametrize(("size", "clip"), [(3, 1), (4, -1), (4, FULL_CLIP_FACTOR + 1)])
def test_wrong_arguments_are_refused(size: int, clip: int) -> None:
    with pytest.raises(ValueError, match="shape"):
        accumulate(np.zeros(4, np.int64), np.zeros(size, np.float32), clip, 1, 30)

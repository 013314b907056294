"""Robust rules against formulas that are written differently, and what they promise."""

import itertools

import numpy as np
import pytest
from scipy.stats import trim_mean
from tests.support.aggregator.reductions import (
    change_of,
    counted_updates,
    reduce_matrix,
)

from pfi_aggregator.domain.aggregation_rule import (
    AggregationRule,
    KrumRule,
    MedianRule,
    TrimmedMeanRule,
)
from pfi_aggregator.domain.reduction import ranges
from pfi_aggregator.domain.reduction.rows import Rows

MEDIAN = AggregationRule(MedianRule())
TRIMMED = AggregationRule(TrimmedMeanRule(0.2))
KRUM = AggregationRule(KrumRule(attackers=2, selected=1))
MULTI_KRUM = AggregationRule(KrumRule(attackers=2, selected=4))
RULES = [MEDIAN, TRIMMED, KRUM, MULTI_KRUM]
BUCKETED = [
    AggregationRule(rule.rule, bucket_size=2, bucket_seed=3) for rule in (MEDIAN, TRIMMED)
] + [AggregationRule(KrumRule(1, 2), bucket_size=2, bucket_seed=3)]
NAMES = ["median", "trimmed", "krum", "multi_krum"]


def matrix_of(rows: int, columns: int = 700, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def brute_krum(matrix: np.ndarray, attackers: int) -> list[int]:
    """Rows from the lowest score to the highest, by differences of whole vectors."""
    rows = matrix.astype(np.float64)
    scores = []
    for one in range(len(rows)):
        distances = [
            float(np.linalg.norm(rows[one] - rows[other]) ** 2)
            for other in range(len(rows))
            if other != one
        ]
        scores.append(sum(sorted(distances)[: len(rows) - attackers - 2]))
    return sorted(range(len(rows)), key=scores.__getitem__)


@pytest.mark.parametrize("rows", [3, 4, 9, 10, 31])
def test_median_is_numpys(rows):
    matrix = matrix_of(rows)
    expected = np.median(matrix.astype(np.float64), axis=0).astype(np.float32)
    assert np.array_equal(reduce_matrix(MEDIAN, matrix).delta, expected)


@pytest.mark.parametrize("rows", [5, 9, 10, 31])
@pytest.mark.parametrize("share", [0.2, 0.25, 0.4])
def test_trimmed_mean_is_scipys(rows, share):
    matrix = matrix_of(rows)
    found = reduce_matrix(AggregationRule(TrimmedMeanRule(share)), matrix).delta
    expected = trim_mean(matrix.astype(np.float64), share, axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_a_share_is_the_decimal_that_was_written():
    # 0.29 * 100 is 28.999999999999996 in binary
    matrix = np.arange(100, dtype=np.float32)[:, None].repeat(2, axis=1)
    matrix[71:] = 1e6
    assert reduce_matrix(AggregationRule(TrimmedMeanRule(0.29)), matrix).delta[0] == 49.5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("attackers", "selected"), [(0, 1), (2, 1), (2, 4), (3, 3)])
def test_krum_selects_as_by_the_definition(seed, attackers, selected):
    matrix = matrix_of(11, seed=seed)
    reduced = reduce_matrix(AggregationRule(KrumRule(attackers, selected)), matrix)
    tasks = [update.task for update in counted_updates(11)]
    chosen = {tasks[row] for row in brute_krum(matrix, attackers)[:selected]}
    assert reduced.weights == dict.fromkeys(chosen, 1)
    assert reduced.left_out == tuple(sorted(set(tasks) - chosen))


def test_krum_breaks_ties_by_task():
    matrix = np.ones((7, 40), dtype=np.float32)
    tasks = [update.task for update in counted_updates(7)]
    assert list(reduce_matrix(KRUM, matrix).weights) == tasks[:1]


def test_the_clip_comes_before_the_rule():
    matrix, half = matrix_of(9), counted_updates(9, clip_factor=1 << 23)
    for rule in (MEDIAN, TRIMMED):
        clipped = reduce_matrix(rule, matrix, counted=half).delta
        assert np.array_equal(clipped, reduce_matrix(rule, matrix / 2).delta)


def test_what_a_client_claims_does_not_weigh():
    matrix = matrix_of(9)
    heavy = counted_updates(9, weight_units=1 << 20)
    for rule in (MEDIAN, TRIMMED):
        found = reduce_matrix(rule, matrix, counted=heavy).delta
        assert np.array_equal(found, reduce_matrix(rule, matrix).delta)
    assert set(reduce_matrix(MULTI_KRUM, matrix, counted=heavy).weights.values()) == {1}


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_order_of_updates_does_not_matter(rule):
    matrix = matrix_of(9)
    expected = change_of(rule, matrix)
    for permutation in itertools.islice(itertools.permutations(range(9)), 0, 300000, 50000):
        np.testing.assert_array_equal(
            change_of(rule, matrix[list(permutation)]).astype(np.float32),
            expected.astype(np.float32),
        )


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_moving_all_updates_moves_the_result(rule):
    matrix = np.round(matrix_of(9) * 64) / 64  # sums with small integers are exact in float32
    shift = np.arange(matrix.shape[1], dtype=np.float32) % 7
    np.testing.assert_allclose(
        change_of(rule, matrix + shift), change_of(rule, matrix) + shift, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
@pytest.mark.parametrize("far", [1e3, -1e6])
def test_few_far_updates_cannot_move_the_result_out_of_the_honest_ones(rule, far):
    matrix = matrix_of(9)
    survived = 1 if rule is TRIMMED else 2
    matrix[:survived] = far
    honest = matrix[survived:]
    result = change_of(rule, matrix)
    assert (result >= honest.min(axis=0) - 1e-6).all()
    assert (result <= honest.max(axis=0) + 1e-6).all()


def test_one_far_update_moves_the_mean_anywhere():
    matrix = matrix_of(9)
    matrix[0] = 1e6
    assert (matrix.mean(axis=0) > matrix[1:].max(axis=0)).all()


@pytest.mark.parametrize("rule", BUCKETED, ids=["median", "trimmed", "krum"])
def test_buckets_are_averaged_before_the_rule(rule):
    matrix = matrix_of(11)
    tasks = [update.task for update in counted_updates(11)]
    buckets = [
        [tasks.index(update.task) for update in bucket]
        for bucket in Rows(rule, counted_updates(11)).buckets
    ]
    assert sorted(itertools.chain(*buckets)) == list(range(11))
    assert [len(bucket) for bucket in buckets] == [2, 2, 2, 2, 2, 1]
    means = np.array([matrix[bucket].astype(np.float64).mean(axis=0) for bucket in buckets])
    if isinstance(rule.rule, KrumRule):
        chosen = brute_krum(means, rule.rule.attackers)[: rule.rule.selected]
        expected = means[chosen].mean(axis=0)
    else:
        expected = change_of(AggregationRule(rule.rule), means.astype(np.float32))
    np.testing.assert_allclose(change_of(rule, matrix), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("rule", "survived"),
    [(MedianRule(), 4), (TrimmedMeanRule(0.2), 2), (TrimmedMeanRule(0.45), 4), (KrumRule(3, 2), 3)],
    ids=["median", "trimmed", "widely trimmed", "krum"],
)
@pytest.mark.parametrize("seed", range(10))
def test_each_attacker_spoils_one_bucket_at_most(rule, survived, seed):
    """10 buckets of 19 updates survive as many attackers as 10 updates would, wherever they are."""
    bucketed = AggregationRule(rule, bucket_size=2, bucket_seed=seed)
    matrix = matrix_of(19, columns=20, seed=seed)
    matrix[:survived] = 1e6
    result, honest = change_of(bucketed, matrix), matrix[survived:]
    assert (result >= honest.min(axis=0)).all()
    assert (result <= honest.max(axis=0)).all()


def test_attackers_in_half_of_the_buckets_move_the_median():
    rule = AggregationRule(MedianRule(), bucket_size=2, bucket_seed=1)
    tasks = [update.task for update in counted_updates(20)]
    matrix = matrix_of(20, columns=20)
    for bucket in Rows(rule, counted_updates(20)).buckets[:5]:
        matrix[tasks.index(bucket[0].task)] = 1e6
    assert (change_of(rule, matrix) > 1e4).all()
    assert (change_of(MEDIAN, matrix) < 10).all()


def test_other_seeds_make_other_buckets():
    counted = counted_updates(20)
    found = {
        Rows(AggregationRule(MedianRule(), bucket_size=4, bucket_seed=seed), counted).buckets
        for seed in range(5)
    }
    assert len(found) == 5


def test_unequal_buckets_count_alike():
    rule = AggregationRule(KrumRule(0, 4), bucket_size=3, bucket_seed=1)
    matrix = matrix_of(16)
    reduced = reduce_matrix(rule, matrix)
    by_bucket = [
        sum(reduced.weights.get(update.task, 0) for update in bucket)
        for bucket in Rows(rule, counted_updates(16)).buckets
    ]
    assert sorted(by_bucket)[-4:] == [3, 3, 3, 3]


@pytest.mark.parametrize("rule", [MEDIAN, TRIMMED, MULTI_KRUM], ids=["median", "trimmed", "krum"])
def test_the_cut_into_pieces_and_their_order_do_not_matter(rule, monkeypatch):
    matrix = matrix_of(7, columns=3 * 65_536 + 5)
    whole = reduce_matrix(rule, matrix)
    monkeypatch.setattr(ranges, "_PIECE_BYTES", 1)
    monkeypatch.setattr(ranges, "_TILE_BYTES", 7 * 4 * 10_000)
    cut = reduce_matrix(rule, matrix, order=[2, 0, 3, 1])
    assert whole.weights == cut.weights
    if whole.delta is not None:
        assert np.array_equal(whole.delta, cut.delta)

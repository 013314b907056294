"""Sums of products beside the dense matrix and its singular value decomposition."""

import numpy as np
import pytest

from pfi_aggregator.domain.products import LowRankSum
from pfi_common.errors import ReductionFailedError

SIZES = [(24, 40), (40, 24), (12, 12)]


def products(outputs, inputs, ranks, seed=1):
    """Pairs of factors with weights that sum to 1."""
    random = np.random.default_rng(seed)
    weights = random.uniform(0.5, 2.0, len(ranks))
    return [
        (random.standard_normal((outputs, rank)), random.standard_normal((rank, inputs)), weight)
        for rank, weight in zip(ranks, weights / weights.sum(), strict=True)
    ]


def added(outputs, inputs, pairs):
    total = LowRankSum(outputs, inputs)
    for b, a, weight in pairs:
        total.add(b, a, weight)
    return total


def dense(pairs):
    return sum(weight * (b @ a) for b, a, weight in pairs)


def idle(rank, inputs):
    return np.full((rank, inputs), 0.25)


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize(("outputs", "inputs"), SIZES)
@pytest.mark.parametrize("ranks", [(4,), (2, 4, 8), (3,) * 30])
@pytest.mark.parametrize("rank", [1, 5, 12])
def test_the_cut_is_the_truncated_decomposition_of_the_dense_sum(outputs, inputs, ranks, rank):
    pairs = products(outputs, inputs, ranks)
    matrix = dense(pairs)
    u, values, v = np.linalg.svd(matrix, full_matrices=False)
    best = (u[:, :rank] * values[:rank]) @ v[:rank]
    cut = added(outputs, inputs, pairs).cut(rank, idle(rank, inputs))
    assert relative(cut.b @ cut.a, best) < 1e-9
    total = float((matrix**2).sum())
    assert cut.discarded_energy == pytest.approx(
        float((values[rank:] ** 2).sum()), abs=1e-9 * total
    )
    assert cut.kept_energy + cut.discarded_energy == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize(("outputs", "inputs"), SIZES)
def test_nothing_is_lost_when_the_rank_permits(outputs, inputs):
    """FLoRA: the stack is the sum, whatever the ranks."""
    pairs = products(outputs, inputs, (1, 2, 3, 5))
    cut = added(outputs, inputs, pairs).cut(12, idle(12, inputs))
    assert relative(cut.b @ cut.a, dense(pairs)) < 1e-9
    assert cut.discarded_energy / cut.kept_energy < 1e-18


@pytest.mark.parametrize(("outputs", "inputs"), SIZES)
def test_many_products_need_no_more_room_than_the_matrix(outputs, inputs):
    pairs = products(outputs, inputs, (4,) * 200)
    total, widest = LowRankSum(outputs, inputs), 0
    for b, a, weight in pairs:
        total.add(b, a, weight)
        widest = max(widest, total.width)
    assert widest <= 2 * min(outputs, inputs)
    rank = min(outputs, inputs)
    cut = total.cut(rank, idle(rank, inputs))
    assert relative(cut.b @ cut.a, dense(pairs)) < 1e-9


def test_equal_products_in_other_gauges_give_one_result():
    """(B R, R^-1 A) is the same product for every R; averaging the factors destroys it."""
    random = np.random.default_rng(3)
    b, a = random.standard_normal((24, 4)), random.standard_normal((4, 40))
    turned = []
    for _ in range(10):
        rotation, _ = np.linalg.qr(random.standard_normal((4, 4)))
        turned.append((b @ rotation, rotation.T @ a, 0.1))
    cut = added(24, 40, turned).cut(4, idle(4, 40))
    assert relative(cut.b @ cut.a, b @ a) < 1e-9
    plain = added(24, 40, [(b, a, 1.0)]).cut(4, idle(4, 40))
    assert relative(cut.b, plain.b) < 1e-9
    assert relative(cut.a, plain.a) < 1e-9
    factors = sum(p[0] for p in turned) / 10 @ (sum(p[1] for p in turned) / 10)
    assert relative(factors, b @ a) > 0.3


def test_a_sum_of_lower_rank_leaves_directions_that_can_be_learnt():
    pairs = products(24, 40, (2,))
    cut = added(24, 40, pairs).cut(5, idle(5, 40))
    assert not cut.b[:, 2:].any()
    assert (cut.a[2:] == 0.25).all()
    assert relative(cut.b @ cut.a, dense(pairs)) < 1e-9


@pytest.mark.parametrize("count", [0, 3])
def test_a_sum_of_nothing_is_nothing(count):
    pairs = [(np.zeros((24, 2)), np.ones((2, 40)), 0.5)] * count
    cut = added(24, 40, pairs).cut(5, idle(5, 40))
    assert not cut.b.any()
    assert (cut.a == 0.25).all()
    assert (cut.kept_energy, cut.discarded_energy) == (0.0, 0.0)


def test_rows_are_orthonormal_and_their_signs_fixed():
    cut = added(24, 40, products(24, 40, (2, 4, 8))).cut(6, idle(6, 40))
    np.testing.assert_allclose(cut.a @ cut.a.T, np.eye(6), atol=1e-12)
    assert (cut.a[np.arange(6), np.abs(cut.a).argmax(axis=1)] > 0).all()
    norms = np.linalg.norm(cut.b, axis=0)
    assert (np.diff(norms) < 0).all()  # the leading columns matter most: what smaller ranks get


def test_a_decomposition_that_does_not_converge_is_told():
    broken = [(np.full((24, 2), np.nan), np.ones((2, 40)), 1.0)]
    with pytest.raises(ReductionFailedError, match="does not converge"):
        added(24, 40, broken).cut(2, idle(2, 40))

"""Server optimisers against their formulas in exact or decimal arithmetic."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from pfi_aggregator.domain.server_optimizer import (
    Adagrad,
    Adam,
    OptimizerState,
    Sgd,
    Yogi,
    move_adapter,
)
from pfi_common.errors import AdapterInvalidError, ArtifactCorruptError

ADAM = Adam(0.05, 0.9, 0.99, 1e-3)
YOGI = Yogi(0.05, 0.9, 0.99, 1e-3)
ADAGRAD = Adagrad(0.05, 0.9, 1e-3)
COUNT = 70_000  # more than one block


def deltas(rounds: int, count: int = COUNT) -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    return [(generator.standard_normal(count) * 0.01).astype(np.float32) for _ in range(rounds)]


def play(optimizer, base, moves):
    """All adapters after each move, and the last state."""
    state, path = OptimizerState.first(optimizer, base.size), []
    for delta in moves:
        base = move_adapter(optimizer, base, delta, state)
        path.append(base)
    return path, state


def test_plain_sgd_adds_the_mean_rounded_once():
    base, (delta,) = np.linspace(-1, 1, COUNT).astype(np.float32), deltas(1)
    (result,), state = play(Sgd(1.0, 0.0), base, [delta])
    for index in range(0, COUNT, 997):
        exact = Fraction(float(base[index])) + Fraction(float(delta[index]))
        assert result[index] == np.float32(float(exact))
    assert state.moments == ()


def test_momentum_is_a_geometric_sum():
    base, moves = np.zeros(COUNT, dtype=np.float32), deltas(3)
    _, state = play(Sgd(0.5, 0.9), base, moves)
    expected = 0.81 * moves[0].astype(float) + 0.9 * moves[1].astype(float) + moves[2]
    np.testing.assert_allclose(state.moments[0], expected, rtol=1e-12, atol=1e-17)


def test_momentum_moves_by_its_sum():
    base, moves = np.zeros(8, dtype=np.float32), deltas(3, 8)
    path, _ = play(Sgd(0.5, 0.9), base, moves)
    d0, d1, d2 = (move.astype(float) for move in moves)
    expected = 0.5 * (d0 + (0.9 * d0 + d1) + (0.81 * d0 + 0.9 * d1 + d2))
    np.testing.assert_allclose(path[-1], expected, rtol=1e-6)


def adam_moment(v: Decimal, square: Decimal, keep: Decimal) -> Decimal:
    return keep * v + (1 - keep) * square


def yogi_moment(v: Decimal, square: Decimal, keep: Decimal) -> Decimal:
    sign = (v > square) - (v < square)
    return v - (1 - keep) * square * sign


def adagrad_moment(v: Decimal, square: Decimal, _keep: Decimal) -> Decimal:
    return v + square


@pytest.mark.parametrize(
    ("optimizer", "second_moment"),
    [(ADAM, adam_moment), (YOGI, yogi_moment), (ADAGRAD, adagrad_moment)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_adaptive_optimisers_are_the_published_ones(optimizer, second_moment):
    base, moves = np.zeros(5, dtype=np.float32), deltas(6, 5)
    moves[2] *= np.float32(0.01)  # above and below the second moment, for Yogi's sign
    path, _ = play(optimizer, base, moves)
    with localcontext() as context:
        context.prec = 60
        b1, b2, tau, rate = (Decimal(repr(x)) for x in (0.9, 0.99, 1e-3, 0.05))
        for index in range(base.size):
            weight, m, v = Decimal(0), Decimal(0), tau * tau
            for step, move in enumerate(moves):
                delta = Decimal(float(move[index]))
                m = b1 * m + (1 - b1) * delta
                v = second_moment(v, delta * delta, b2)
                weight = weight + rate * m / (v.sqrt() + tau)
                assert float(path[step][index]) == pytest.approx(float(weight), rel=1e-6)
                weight = Decimal(float(path[step][index]))  # the adapter is rounded each round


def test_adaptive_optimisers_differ():
    base, moves = np.zeros(50, dtype=np.float32), deltas(4, 50)
    ends = [play(optimizer, base, moves)[0][-1] for optimizer in (ADAM, YOGI, ADAGRAD)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(ends[one] - ends[other]).max() > 1e-4


def test_yogi_keeps_its_second_moment_positive_on_any_path():
    moves = [np.full(1, 10.0 ** (1 - step % 7), dtype=np.float32) for step in range(200)]
    _, state = play(Yogi(0.01, 0.9, 0.0, 1e-3), np.zeros(1, dtype=np.float32), moves)
    assert (state.moments[1] >= 0).all()


@pytest.mark.parametrize("optimizer", [Sgd(1.0, 0.0), Sgd(0.5, 0.9), ADAM, YOGI, ADAGRAD])
def test_a_state_survives_its_bytes(optimizer):
    moves, base = deltas(4), np.zeros(COUNT, dtype=np.float32)
    path, _ = play(optimizer, base, moves)
    _, state = play(optimizer, base, moves[:2])
    again = OptimizerState.from_bytes(bytes(state.data), optimizer, COUNT)
    assert again.data == state.data
    third = move_adapter(optimizer, path[1], moves[2], again)
    assert third.tobytes() == path[2].tobytes()


def test_a_state_says_what_it_is():
    data = bytes(OptimizerState.first(ADAM, 2).data)
    head = b'{"coordinates":2,"moments":2,"optimizer":"adam"}    '
    assert data[:12] == b"PFIOPT01" + len(head).to_bytes(4, "little")
    assert data[12 : 12 + len(head)] == head
    assert (12 + len(head)) % 8 == 0
    assert np.frombuffer(data[12 + len(head) :], "<f8").tolist() == [0, 0, 1e-6, 1e-6]


@pytest.mark.parametrize(
    ("data", "optimizer", "count"),
    [
        (bytes(OptimizerState.first(ADAM, 2).data), ADAM, 3),
        (bytes(OptimizerState.first(ADAM, 2).data), Sgd(1.0, 0.5), 2),
        (bytes(OptimizerState.first(ADAM, 2).data)[:-1], ADAM, 2),
        (b"", ADAM, 2),
    ],
)
def test_a_state_of_something_else_is_refused(data, optimizer, count):
    with pytest.raises(ArtifactCorruptError):
        OptimizerState.from_bytes(data, optimizer, count)


def test_a_result_that_is_not_finite_is_not_published():
    base, delta = np.ones(4, dtype=np.float32), np.ones(4, dtype=np.float32)
    state = OptimizerState.first(Sgd(1e39, 0.0), 4)
    with pytest.raises(AdapterInvalidError):
        move_adapter(Sgd(1e39, 0.0), base, delta, state)

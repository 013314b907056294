from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pfi_coordinator.domain.selection import select_cohort

CLIENTS = [f"c-{index:012x}" for index in range(40)]


@given(st.permutations(CLIENTS), st.integers(0, 50), st.integers(1, 30))
def test_the_draw_does_not_depend_on_the_order(order, count, number):
    expected = select_cohort(CLIENTS, count, seed=3, number=number, unwilling=set())
    assert select_cohort(order, count, seed=3, number=number, unwilling=set()) == expected
    assert len(expected) == min(count, len(CLIENTS))
    assert len(set(expected)) == len(expected)


def test_unwilling_clients_come_last():
    unwilling = set(CLIENTS[:30])
    selected = select_cohort(CLIENTS, 12, seed=1, number=1, unwilling=unwilling)
    assert set(CLIENTS[30:]) <= set(selected)


def test_every_client_is_drawn_about_equally_often():
    drawn = Counter(
        client
        for number in range(1, 801)
        for client in select_cohort(CLIENTS, 10, seed=9, number=number, unwilling=set())
    )
    # Binomial(800, 1/4): mean 200, deviation 12.2; five deviations are exceeded once in 2 million.
    assert all(abs(drawn[client] - 200) < 62 for client in CLIENTS)


def test_rounds_and_seeds_draw_differently():
    draws = {
        select_cohort(CLIENTS, 5, seed=seed, number=number, unwilling=set())
        for seed in range(4)
        for number in range(4)
    }
    assert len(draws) == 16

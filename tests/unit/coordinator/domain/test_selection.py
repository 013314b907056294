from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pfi_coordinator.domain.choice import Choice
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.selection import (
    MOST_COMPARED,
    POLICIES,
    compared,
    most_selections,
    select_cohort,
)
from pfi_coordinator.domain.selection_rules import SelectionRules

CLIENTS = [f"c-{index:012x}" for index in range(40)]


def choice(candidates, count, *, seed=3, number=1, **rules):
    facts = tuple(
        item if isinstance(item, ClientFacts) else ClientFacts(item) for item in candidates
    )
    return Choice(facts, count, SelectionRules(**rules), seed, number)


def select(candidates, count, unwilling=frozenset(), **more):
    return select_cohort(choice(candidates, count, **more), unwilling)


histories = st.lists(
    st.builds(
        ClientFacts,
        client=st.sampled_from(CLIENTS),
        selected=st.integers(0, 20),
        reported_round=st.integers(0, 9),
        seconds=st.none() | st.floats(0.1, 1e4),
        utility=st.none() | st.floats(0, 1e6),
        steps_per_second=st.none() | st.floats(0, 1e3),
    ),
    unique_by=lambda facts: facts.client,
)


@given(st.permutations(CLIENTS), st.integers(0, 50), st.integers(1, 30))
def test_the_draw_does_not_depend_on_the_order(order, count, number):
    expected = select(CLIENTS, count, number=number)
    assert select(order, count, number=number) == expected
    assert len(expected) == min(count, len(CLIENTS))
    assert len(set(expected)) == len(expected)


@given(
    histories,
    st.integers(0, 50),
    st.integers(1, 60),
    st.sampled_from(sorted(POLICIES)),
    st.none() | st.floats(1, 5),
    st.sets(st.sampled_from(CLIENTS)),
    st.randoms(),
)
def test_every_policy_fills_the_cohort_from_the_candidates(
    facts, count, number, policy, cap, unwilling, randomness
):
    asked = choice(facts, count, number=number, policy=policy, fairness_cap=cap)
    selected = select_cohort(asked, unwilling)
    names = {item.client for item in facts}
    assert len(selected) == len(set(selected)) == min(count, len(names))
    assert set(selected) <= names
    shuffled = list(asked.candidates)
    randomness.shuffle(shuffled)
    again = select_cohort(replace(asked, candidates=tuple(shuffled)), unwilling)
    assert again == selected
    if set(selected) & unwilling:
        assert names - unwilling <= set(selected)


@given(histories, st.integers(1, 50), st.sampled_from(sorted(POLICIES)), st.floats(1, 5))
def test_nobody_is_selected_above_the_cap_while_others_wait(facts, count, policy, cap):
    asked = choice(facts, count, number=99, policy=policy, fairness_cap=cap)
    selected, most = select_cohort(asked), most_selections(asked)
    above = {item.client for item in facts if most is not None and item.selected + 1 > most}
    waiting = {item.client for item in facts} - set(selected) - above
    assert not (set(selected) & above and waiting)


def test_the_cap_is_a_multiple_of_the_mean_over_the_candidates():
    facts = [ClientFacts("c-1", selected=9), ClientFacts("c-2", selected=3), ClientFacts("c-3")]
    # After two more selections the mean is (9 + 3 + 0 + 2) / 3.
    assert most_selections(choice(facts, 2, fairness_cap=1.5)) == 1.5 * 14 / 3
    assert most_selections(choice(facts, 2)) is None
    fresh = [ClientFacts(name) for name in CLIENTS]
    assert most_selections(choice(fresh, 4, fairness_cap=2.0)) == 2.0


def test_over_many_rounds_the_cap_bounds_every_share():
    counts = Counter()
    for number in range(1, 201):
        facts = [
            ClientFacts(name, selected=counts[name], reported_round=number - 1, utility=utility)
            for utility, name in enumerate(CLIENTS, start=1)
        ]
        counts.update(select(facts, 4, number=number, policy="utility", fairness_cap=1.5))
    mean = sum(counts.values()) / len(CLIENTS)
    assert max(counts.values()) <= 1.5 * mean


def test_unwilling_clients_come_last():
    unwilling = set(CLIENTS[:30])
    selected = select(CLIENTS, 12, unwilling, seed=1)
    assert set(CLIENTS[30:]) <= set(selected)


def test_clients_that_hold_a_finished_update_come_first_in_a_reopened_round():
    holding = set(CLIENTS[5:8])
    facts = [
        ClientFacts(name, selected=50, reported_round=4 if name in holding else 3)
        for name in CLIENTS
    ]
    for policy in POLICIES:
        selected = select(facts, 6, number=4, policy=policy, fairness_cap=1.0)
        assert holding <= set(selected)


def test_every_client_is_drawn_about_equally_often():
    drawn = Counter(
        client for number in range(1, 801) for client in select(CLIENTS, 10, seed=9, number=number)
    )
    # Binomial(800, 1/4): mean 200, deviation 12.2; five deviations are exceeded once in 2 million.
    assert all(abs(drawn[client] - 200) < 62 for client in CLIENTS)


def test_rounds_and_seeds_draw_differently():
    draws = {
        select(CLIENTS, 5, seed=seed, number=number) for seed in range(4) for number in range(4)
    }
    assert len(draws) == 16


def test_of_very_many_clients_a_random_part_is_compared():
    few = CLIENTS
    assert compared(few, 10, seed=1, number=1) == tuple(few)
    many = [f"c-{index}" for index in range(2 * MOST_COMPARED)]
    part = compared(many, 10, seed=1, number=1)
    assert len(part) == len(set(part)) == MOST_COMPARED
    assert set(part) <= set(many)
    assert part != compared(many, 10, seed=1, number=2)
    assert len(compared(many, MOST_COMPARED, seed=1, number=1)) == len(many)

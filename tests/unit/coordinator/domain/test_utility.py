"""The policy `utility`, against the formulas of its paper written out another way."""

import math
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.coordinator.domain.builders import OPENED, START, committed, play, run

from pfi_coordinator.domain.choice import Choice
from pfi_coordinator.domain.draws import weighted_sample
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.history import history_changes, reported_speed, reported_utility
from pfi_coordinator.domain.selection_rules import SelectionRules, UtilityRules
from pfi_coordinator.domain.selection_utility import (
    by_utility,
    exploration,
    paced,
    preferred_seconds,
    score_clients,
)
from pfi_coordinator.domain.state import Pacer

RULES = UtilityRules()


def select(facts, count, *, number=1, seed=1, moved=0, **rules):
    asked = SelectionRules(policy="utility", utility=UtilityRules(**rules))
    return by_utility(Choice(tuple(facts), count, asked, seed, number, moved))


def tried(index, utility, *, seconds=None, reported_round=1, **more):
    return ClientFacts(
        f"c-{index}", utility=utility, seconds=seconds, reported_round=reported_round, **more
    )


def test_statistical_utility_is_rows_times_the_root_mean_square_of_their_losses():
    losses = np.array([0.5, 1.5, 2.0, 0.25])
    rms = float(np.sqrt(np.mean(losses**2)))
    expected = len(losses) * math.sqrt(sum(loss * loss for loss in losses) / len(losses))
    found = reported_utility({"trained_rows": 4.0, "train_loss_rms": rms, "train_loss": 1.0})
    assert found == pytest.approx(expected)
    assert reported_utility({"train_loss": 1.0}) is None
    assert reported_utility({"trained_rows": -1.0, "train_loss_rms": 1.0}) is None


def test_a_clock_that_is_set_back_gives_no_duration_below_nothing():
    before, _ = play(run(selection=SelectionRules(policy="utility")), *OPENED)
    earlier = START - timedelta(seconds=5)
    after, _ = play(before, committed("c-1"), now=earlier)
    (change,) = history_changes(before, committed("c-1"), after, earlier)
    assert (change.client, change.seconds) == ("c-1", 0.0)


def test_what_no_training_can_measure_is_not_believed():
    assert reported_utility({"trained_rows": 1e200, "train_loss_rms": 1e200}) is None
    assert reported_utility({"trained_rows": 1e300, "train_loss_rms": 1.0}) is None
    assert reported_speed({"steps_per_second": 2.5}) == 2.5
    assert reported_speed({"steps_per_second": 1e300}) is None
    assert reported_speed({"steps_per_second": -1.0}) is None
    assert reported_speed({}) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1e4), st.none() | st.floats(0.5, 500), st.integers(1, 30)),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 60),
    st.sampled_from([0.25, 0.5, 0.75, 1.0]),
)
def test_scores_follow_the_formula(rows, number, pace):
    facts = [
        tried(index, utility, seconds=seconds, reported_round=last)
        for index, (utility, seconds, last) in enumerate(rows)
    ]
    scores = score_clients(facts, RULES, number, pace)
    utilities = np.array([row[0] for row in rows])
    clip = np.sort(utilities)[min(int(len(rows) * 0.95), len(rows) - 1)]
    clipped = np.minimum(utilities, clip)
    spread = clip - clipped.min()
    norms = (clipped - clipped.min()) / spread if spread > 0 else np.ones(len(rows))
    durations = sorted(row[1] for row in rows if row[1] is not None)
    preferred = math.inf
    if durations and pace < 1:
        preferred = durations[min(int(len(durations) * pace), len(durations) - 1)]
    for index, (_, seconds, last) in enumerate(rows):
        expected = norms[index] + (0.1 * math.log(number) / last) ** 0.5
        if seconds is not None and seconds > preferred:
            expected *= (preferred / seconds) ** 2
        assert scores[f"c-{index}"] == pytest.approx(expected, rel=1e-9)


def test_the_share_of_untried_clients_decays_to_its_minimum():
    shares = [exploration(RULES, number) for number in range(1, 200)]
    assert shares[0] == 0.9
    assert shares[1] == pytest.approx(0.9 * 0.98)
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.2
    cohort = [tried(index, 1.0) for index in range(50)]
    cohort += [ClientFacts(f"n-{index}") for index in range(50)]
    for number, fresh in ((1, 9), (20, 7), (199, 2)):
        chosen = select(cohort, 10, number=number)
        assert sum(name.startswith("n-") for name in chosen) == fresh


def test_untried_clients_fill_up_and_so_do_tried_ones():
    new = [ClientFacts(f"n-{index}") for index in range(3)]
    known = [tried(index, 1.0) for index in range(3)]
    assert len(select([*new, *known], 5, number=300)) == 5
    assert set(select(new, 5)) == {"n-0", "n-1", "n-2"}
    assert set(select(known, 5)) == {"c-0", "c-1", "c-2"}
    assert select([], 5) == ()
    assert select(known, 0) == ()


def test_faster_ones_of_the_untried_are_asked_rather_and_those_asked_in_vain_later():
    fast = [ClientFacts(f"f-{index}", steps_per_second=30.0) for index in range(20)]
    slow = [ClientFacts(f"s-{index}", steps_per_second=1.0) for index in range(20)]
    drawn = Counter(name[0] for seed in range(60) for name in select([*fast, *slow], 4, seed=seed))
    assert drawn["f"] > 5 * drawn["s"]
    asked = [ClientFacts(f"a-{index}", selected=1, steps_per_second=99.0) for index in range(9)]
    assert set(select([*asked, *slow[:4]], 4)) == {"s-0", "s-1", "s-2", "s-3"}


def test_only_clients_near_the_cut_off_are_drawn():
    high = [tried(index, 100.0 + index) for index in range(5)]
    low = [tried(index, 1.0) for index in range(5, 50)]
    chosen = select([*high, *low], 5, exploration=0.0, exploration_minimum=0.0)
    assert set(chosen) == {facts.client for facts in high}


def test_useful_clients_are_drawn_in_proportion_to_their_score():
    weights = [("a", 1.0), ("b", 2.0), ("c", 4.0), ("d", 0.0)]
    rounds = 7000
    first = Counter(weighted_sample(weights, 1, f"draw {index}")[0] for index in range(rounds))
    # Binomial with p = w / 7: five standard deviations are exceeded once in 2 million.
    for name, weight in weights:
        share = weight / 7
        assert abs(first[name] - rounds * share) <= 5 * math.sqrt(rounds * share * (1 - share))
    assert weighted_sample(weights, 4, "all")[-1] == "d"
    assert weighted_sample(weights, 9, "x") == weighted_sample(reversed(weights), 9, "x")


def test_slow_clients_are_preferred_less():
    quick = [tried(index, 10.0, seconds=5.0) for index in range(10)]
    late = [tried(index, 10.0, seconds=50.0) for index in range(10, 20)]
    scores = score_clients([*quick, *late], RULES, 5, 0.4)
    assert scores["c-10"] == pytest.approx(scores["c-0"] / 100)
    patient = score_clients([*quick, *late], RULES, 5, 1.0)
    assert patient["c-10"] == patient["c-0"]


def test_the_preferred_duration_is_a_quantile_of_those_that_are_known():
    facts = [tried(index, 1.0, seconds=float(index)) for index in range(1, 11)]
    assert preferred_seconds(facts, 0.5) == 6.0
    assert preferred_seconds(facts, 0.99) == 10.0
    assert preferred_seconds(facts, 1.0) == math.inf
    assert preferred_seconds([tried(1, 1.0)], 0.5) == math.inf


def after(utilities, rules=RULES, pacer=None):
    pacer = pacer or Pacer()
    for number, utility in enumerate(utilities, start=1):
        pacer = paced(pacer, rules, number, utility)
    return pacer


def test_the_pacer_grows_patient_when_utility_is_flat_or_falls():
    rules = UtilityRules(pace_window=4)
    assert after([10.0] * 8, rules).moved == 1
    assert after([10.0] * 4 + [9.0] * 4, rules).moved == 1
    assert after([10.0] * 7, rules).moved == 0
    assert after([10.0] * 9, rules).moved == 1
    assert after([10.0] * 12, rules).moved == 2
    assert after([10.0] * 4 + [12.0] * 4, rules).moved == 0


def test_the_pacer_is_bounded_and_moves_back_after_a_sharp_rise():
    rules = UtilityRules(pace_window=2, pace=0.5, pace_step=0.2)
    assert after([5.0] * 40, rules).moved == 3
    assert after([5.0] * 4 + [50.0] * 2, rules).moved == 0
    assert len(after([5.0] * 40, rules).utilities) == 4


def test_clients_that_were_selected_very_often_come_last_but_only_some():
    spent = [tried(index, 100.0, selected=11 + index) for index in range(8)]
    fresh = [tried(index, 1.0, selected=10) for index in range(8, 20)]
    settings = {"exploration": 0.0, "exploration_minimum": 0.0}
    chosen = select([*spent, *fresh], 20, **settings)
    assert len(chosen) == 20
    # A share of 0.3 of 20 candidates: the six that were selected most often.
    some = set(select([*spent, *fresh], 5, **settings))
    assert not some & {f"c-{index}" for index in range(2, 8)}
    without = set(select([*spent, *fresh], 5, blacklist_after=None, **settings))
    assert without <= {facts.client for facts in spent}

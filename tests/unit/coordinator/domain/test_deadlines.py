import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    START,
    committed,
    play,
    published,
    run,
)

from pfi_coordinator.domain import events
from pfi_coordinator.domain.deadlines import OBSERVED_ROUNDS, round_deadline_of
from pfi_coordinator.domain.durations import count_of, merged, quantile_of, with_durations
from pfi_coordinator.domain.selection_rules import DerivedDeadline, SelectionRules
from pfi_coordinator.domain.state import RoundPhase

DERIVED = DerivedDeadline(shortest_seconds=30.0, longest_seconds=7200.0)
STEP = 2**0.25
"""A bin of the histogram is so many times as wide as the one before."""


def after(seconds):
    return START + timedelta(seconds=seconds)


def one_round(state, number, seconds, begin=START):
    """A round whose clients take these times."""
    begun = begin.timestamp() - START.timestamp()
    state, _ = play(
        state, events.ClientsEligible(CLIENTS), events.RoundOpened(number, 1), now=begin
    )
    for client, taken in zip(CLIENTS, seconds, strict=True):
        state, _ = play(state, committed(client, number=number), now=after(begun + taken))
    state, _ = play(state, events.RoundSealed(number, 1, CLIENTS), published(number))
    return state


@given(
    st.lists(st.floats(0.07, 1e5), min_size=1, max_size=200), st.sampled_from([0.1, 0.5, 0.9, 1.0])
)
def test_a_quantile_is_right_to_one_bin(seconds, quantile):
    exact = sorted(seconds)[math.ceil(quantile * len(seconds)) - 1]
    found = quantile_of(with_durations((), seconds), quantile)
    assert exact * (1 - 1e-9) <= found <= exact * STEP * (1 + 1e-9)


@given(st.lists(st.floats(0, 1e5), max_size=50), st.lists(st.floats(0, 1e5), max_size=50))
def test_histograms_add_up_in_any_order(first, second):
    apart = merged([with_durations((), first), with_durations((), second)])
    together = with_durations((), [*second, *first])
    assert apart == together
    assert count_of(together) == len(first) + len(second)


def test_a_given_deadline_stays_what_it_is():
    state = one_round(play(run(rounds=9), *BEGUN)[0], 1, (5.0, 6.0, 7.0))
    assert round_deadline_of(state).seconds == 600.0
    assert round_deadline_of(state).source == "given by the run"


def test_a_derived_deadline_follows_the_updates_of_the_last_rounds():
    state, _ = play(run(rounds=9, derived=DERIVED), *BEGUN)
    assert round_deadline_of(state).seconds == 600.0
    assert "default" in round_deadline_of(state).source
    state = one_round(state, 1, (40.0, 50.0, 100.0))
    derived = round_deadline_of(state)
    assert 200 <= derived.seconds <= 200 * STEP
    assert "90% of 3 updates of the last 1 round arrived" in derived.source
    state, _ = play(state, events.ClientsEligible(CLIENTS), events.RoundOpened(2, 1))
    assert state.round.deadline == after(derived.seconds)
    assert state.round.deadline_from == derived.source


def test_a_derived_deadline_has_limits_and_says_so():
    state, _ = play(run(rounds=9, derived=DERIVED), *BEGUN)
    short = round_deadline_of(one_round(state, 1, (1.0, 1.0, 1.0)))
    assert (short.seconds, "at least 30 s" in short.source) == (30.0, True)
    long = round_deadline_of(one_round(state, 1, (7000.0, 7000.0, 7000.0)))
    assert (long.seconds, "at most 7200 s" in long.source) == (7200.0, True)


def test_only_the_last_rounds_are_looked_at():
    state, _ = play(run(rounds=99, derived=DERIVED), *BEGUN)
    begin = START
    for number in range(1, OBSERVED_ROUNDS + 2):
        state = one_round(state, number, (100.0 if number == 1 else 20.0,) * 3, begin)
        begin += timedelta(seconds=1000)
    assert len(state.durations) == OBSERVED_ROUNDS
    assert round_deadline_of(state).seconds <= 40.0 * STEP


def test_a_deadline_that_was_too_short_grows():
    state, _ = play(run(rounds=9, derived=DERIVED), *BEGUN)
    state = one_round(state, 1, (20.0, 20.0, 20.0))
    first = round_deadline_of(state).seconds
    begin = START + timedelta(hours=1)
    opening = (events.ClientsEligible(CLIENTS), events.RoundOpened(2, 1))
    state, _ = play(state, *opening, now=begin)
    late = begin + timedelta(seconds=first + 1)
    state, _ = play(state, events.Tick(), events.RoundAborted(2, 1), now=late)
    assert state.round.phase is RoundPhase.WAITING
    assert round_deadline_of(state).seconds >= 2 * first
    assert count_of(merged(state.durations)) == 6


def test_later_attempts_tell_nothing_of_how_long_training_takes():
    state, _ = play(run(rounds=9, derived=DERIVED), *BEGUN)
    opening = (events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))
    state, _ = play(state, *opening, events.EffectFailed("watch_round", 1, 1, "INTERNAL", ""))
    state, _ = play(state, events.RoundAborted(1, 1))
    state, _ = play(state, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 2))
    state, _ = play(state, committed(*CLIENTS, attempt=2), now=after(2))
    assert state.round.durations == ()


def test_a_replacement_is_timed_from_when_it_could_begin():
    rules = {"derived": DERIVED, "selection": SelectionRules(replace=True)}
    state, _ = play(run(rounds=9, **rules), *BEGUN)
    state, _ = play(state, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))
    state, _ = play(state, events.TasksGivenBack(1, 1, CLIENTS[:1]), now=after(200))
    state, _ = play(state, events.ClientsEligible(("c-4",)), now=after(200))
    state, _ = play(state, committed("c-4"), now=after(210))
    assert 10 <= quantile_of(state.round.durations, 1.0) <= 10 * STEP

"""New clients of a run with clusters."""

from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import (
    FIVE,
    FORMED,
    PROBED,
    START,
    clustered_run,
    play,
    through_round,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.placing import Comparison, comparison
from pfi_coordinator.domain.rules import MAXIMUM_ASKED_AT_ONCE
from pfi_coordinator.domain.state import RunPhase

NEW = ("c-8", "c-9")
DEADLINE = START + timedelta(seconds=600)
SMALL = ("c-4", "c-5")
THERE = events.ClientsEligible((*FIVE, *NEW))


def trained(**changes):
    """A run whose lines have different versions."""
    history = (
        *FORMED,
        *through_round("cluster-1", ("c-1", "c-2", "c-3")),
        *through_round("cluster-2", SMALL),
    )
    return play(clustered_run(rounds=3, **changes), *history)[0]


def asked_new():
    return play(trained(), THERE)


def test_new_clients_are_asked_where_they_belong_once():
    state, asked = asked_new()
    assert asked == [effects.PlaceClients(1, NEW, DEADLINE)]
    assert is_wanted(state, asked[0])
    assert decide(state, THERE, START) == (state, ())
    assert state.placements[0].deadline == DEADLINE


def test_nobody_is_asked_before_every_line_has_a_version_of_its_own():
    state, _ = play(clustered_run(rounds=3), *FORMED, *through_round("cluster-2", SMALL))
    assert comparison(state) is None
    assert play(state, THERE) == (state, [])


def test_versions_of_the_same_number_are_compared():
    state, _ = play(trained(), *through_round("cluster-2", SMALL, number=3))
    assert [line.base.version for line in state.lines] == [2, 3]
    assert comparison(state) == Comparison(("cluster-1", "cluster-2"), 2)


def test_an_answer_makes_a_member_which_the_next_round_may_select():
    state, _ = asked_new()
    state, _ = play(state, events.ClientPlaced(1, "c-9", "cluster-2"))
    assert state.lines[1].members == {*SMALL, "c-9"}
    assert state.lines[1].placed == {"c-9"}
    assert state.lines[1].rules.size == 3
    assert state.placements[0].waiting == {"c-8"}
    again = events.ClientPlaced(1, "c-9", "cluster-1")
    assert decide(state, again, START) == (state, ())
    state, _ = play(state, events.ClientsEligible((*SMALL, "c-9"), line="cluster-2"))
    assert state.lines[1].round.cohort == {*SMALL, "c-9"}


def test_a_round_that_is_open_keeps_its_numbers_when_a_client_joins():
    state, _ = asked_new()
    state, _ = play(
        state,
        events.ClientsEligible(SMALL, line="cluster-2"),
        events.ClientPlaced(1, "c-9", "cluster-2"),
    )
    assert state.lines[1].rules.size == 2


@pytest.mark.parametrize("chosen", ["cluster-3", "global", ""])
def test_who_chooses_no_line_of_the_run_is_asked_again_when_its_time_is_over(chosen):
    state, _ = asked_new()
    assert decide(state, events.ClientPlaced(1, "c-9", chosen), START) == (state, ())
    assert decide(state, THERE, START) == (state, ())
    state, _ = play(state, events.Tick(), now=DEADLINE)
    _, asked = play(state, THERE, now=DEADLINE)
    assert [effect.clients for effect in asked] == [NEW]


def test_who_chooses_a_line_that_failed_meanwhile_is_asked_again_at_once():
    three = (("c-1", "c-2"), ("c-3", "c-4"), ("c-5",))
    state, _ = play(clustered_run(rounds=3), *PROBED, events.ClientsPartitioned(three, 0.5, ""))
    for index, members in enumerate(three, start=1):
        state, _ = play(state, *through_round(f"cluster-{index}", members))
    state, _ = play(
        state,
        THERE,
        events.ClientsRevoked(("c-5",)),
        events.ClientPlaced(1, "c-9", "cluster-3"),
    )
    assert state.lines[2].phase is RunPhase.FAILED
    _, asked = play(state, events.ClientsEligible(NEW))
    assert asked == [effects.PlaceClients(2, ("c-9",), DEADLINE)]


def test_a_crowd_of_new_clients_is_asked_step_by_step():
    crowd = tuple(f"n-{index:04}" for index in range(MAXIMUM_ASKED_AT_ONCE + 1))
    there = events.ClientsEligible(crowd)
    _, asked = play(trained(), there, there, there)
    assert [effect.clients for effect in asked] == [crowd[:-1], crowd[-1:]]


def test_who_does_not_answer_in_time_is_asked_again():
    state, _ = asked_new()
    state, asked = play(state, events.Tick(), now=DEADLINE)
    assert effects.CancelPlacement(1, NEW) in asked
    late = events.ClientPlaced(1, "c-9", "cluster-2")
    assert decide(state, late, DEADLINE) == (state, ())
    _, asked = play(state, THERE, now=DEADLINE)
    assert asked == [effects.PlaceClients(2, NEW, DEADLINE + timedelta(seconds=600))]


def test_a_revoked_client_is_not_waited_for():
    state, _ = asked_new()
    state, _ = play(state, events.ClientsRevoked(NEW))
    assert state.placements == ()


def test_a_failed_line_cannot_be_chosen():
    state, _ = asked_new()
    state, _ = play(
        state,
        events.ClientsRevoked(("c-1", "c-2", "c-3")),
        events.ClientPlaced(1, "c-9", "cluster-1"),
    )
    assert state.lines[0].phase is RunPhase.FAILED
    assert state.lines[0].members == frozenset()
    assert play(state, THERE) == (state, [])


def test_questions_are_taken_back_with_the_run():
    state, _ = asked_new()
    state, asked = play(state, events.CancelRequested())
    assert effects.CancelPlacement(1, NEW) in asked
    assert state.placements == ()
    assert play(state, THERE) == (state, [])

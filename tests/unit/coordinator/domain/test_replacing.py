from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    FORMED,
    START,
    clustered_run,
    committed,
    line_adapter,
    play,
    run,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.collecting import needs_replacements
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.lines import line_named
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.state import RoundPhase

RULES = SelectionRules(replace=True)
ONE, TWO, THREE = CLIENTS
OTHERS = ("c-4", "c-5")
DEADLINE = START + timedelta(seconds=600)
LATE = START + timedelta(seconds=301)


def opened(size=3, selected=CLIENTS, **changes):
    """A round that is open; its rules replace clients that drop out."""
    rules = {"size": size, "selected_count": len(selected), "selection": RULES, **changes}
    state, _ = play(
        run(**rules), *BEGUN, events.ClientsEligible(selected), events.RoundOpened(1, 1)
    )
    return state


def given_back(*clients):
    return events.TasksGivenBack(1, 1, clients)


def offered(*clients, absent=()):
    return events.ClientsEligible((*CLIENTS, *clients), absent=absent)


def test_another_client_takes_the_place_of_one_that_gave_its_task_back():
    state, asked = play(opened(), given_back(ONE))
    assert needs_replacements(state)
    assert asked == []
    state, asked = play(state, offered(*OTHERS))
    (new,) = state.round.open - set(CLIENTS)
    assert new in OTHERS
    assert asked == [effects.DispatchTasks(1, 1, (new,), DEADLINE, 1)]
    assert is_wanted(state, asked[0])
    assert state.round.closed == {ONE}
    assert not needs_replacements(state)
    state, _ = play(state, committed(TWO, THREE, new))
    assert state.round.phase is RoundPhase.SEALING


def test_effects_of_replacements_have_names_of_their_own():
    state = opened()
    keys = [effect_key(effects.DispatchTasks(1, 1, CLIENTS, DEADLINE))]
    for leaving, coming in ((ONE, "c-4"), (TWO, "c-5")):
        state, asked = play(state, given_back(leaving), offered(coming))
        keys += map(effect_key, asked)
    assert keys == ["1/1/dispatch_tasks", "1/1/dispatch_tasks/1", "1/1/dispatch_tasks/2"]


def test_without_others_a_round_that_cannot_be_published_is_given_up_at_once():
    state, asked = play(opened(minimum=3), given_back(ONE))
    assert (state.round.phase, asked) == (RoundPhase.COLLECTING, [])
    state, asked = play(state, offered())
    assert state.round.phase is RoundPhase.ABORTING
    assert [effect.kind for effect in asked] == ["cancel_tasks", "abort_round"]


def test_too_few_others_do_not_keep_a_round_that_cannot_be_published():
    state, _ = play(opened(minimum=3), given_back(ONE, TWO), offered("c-4"))
    assert state.round.phase is RoundPhase.ABORTING


def test_without_others_a_round_that_has_its_minimum_is_sealed():
    state, asked = play(opened(), committed(TWO, THREE), given_back(ONE))
    assert (state.round.phase, asked) == (RoundPhase.COLLECTING, [])
    state, _ = play(state, offered())
    assert state.round.phase is RoundPhase.SEALING


def test_a_round_that_still_has_its_size_needs_nobody():
    state = opened(size=2)
    after, asked = play(state, given_back(ONE), offered(*OTHERS))
    assert asked == []
    assert after.round.open == {TWO, THREE}


def test_nobody_begins_when_too_little_time_is_left():
    state, _ = play(opened(), given_back(ONE))
    after, asked = play(state, offered(*OTHERS), now=LATE)
    assert asked == []
    assert after.round.open == {TWO, THREE}
    lost, _ = play(after, given_back(TWO), now=LATE)
    assert lost.round.phase is RoundPhase.ABORTING


def test_observed_durations_say_how_much_time_is_enough():
    state, _ = play(opened(), committed(TWO), now=START + timedelta(seconds=10))
    state, _ = play(state, given_back(ONE), now=LATE)
    _, asked = play(state, offered(*OTHERS), now=LATE)
    assert [effect.kind for effect in asked] == ["dispatch_tasks"]


def test_clients_that_left_are_not_asked_again_in_the_same_attempt():
    state, _ = play(opened(), given_back(ONE))
    after, asked = play(state, events.ClientsEligible((ONE, TWO, "c-4")))
    assert [effect.clients for effect in asked] == [("c-4",)]
    assert after.round.cohort == {ONE, TWO, THREE, "c-4"}


def test_revoked_clients_are_replaced_as_well():
    state, _ = play(opened(), events.ClientsRevoked((ONE,)), offered("c-4"))
    assert state.round.open == {TWO, THREE, "c-4"}


def test_absent_clients_lose_their_place_to_others_alone():
    state = opened()
    same, asked = play(state, offered(absent=(ONE, TWO)))
    assert (same, asked) == (state, [])
    after, asked = play(state, offered("c-4", absent=(ONE, TWO)))
    assert asked == [
        effects.CancelTasks(1, 1, (ONE,), 1),
        effects.DispatchTasks(1, 1, ("c-4",), DEADLINE, 1),
    ]
    assert after.round.open == {TWO, THREE, "c-4"}
    assert after.unwilling == {ONE}


def test_on_several_spools_nobody_is_replaced():
    spools = ("spool-0", "spool-1")
    state, _ = play(
        run(selection=RULES, size=3),
        *BEGUN,
        events.ClientsEligible(CLIENTS, spools, 2),
        events.RoundOpened(1, 1),
    )
    assert len(state.round.spools) == 2
    assert play(state, offered("c-4", absent=(ONE,))) == (state, [])
    # Whoever gives a task back may commit it all the same, and no spool would know of the other.
    after, asked = play(state, given_back(ONE), offered("c-4", "c-5", absent=(TWO,)))
    assert asked == []
    assert after.round.open == {TWO, THREE}
    after, _ = play(state, given_back(ONE), committed(ONE, TWO, THREE))
    assert after.round.committed == set(CLIENTS)


def test_an_absent_client_that_finishes_after_all_counts():
    state, _ = play(opened(), offered("c-4", absent=(ONE,)), committed(ONE, TWO, THREE))
    assert state.round.phase is RoundPhase.SEALING
    assert state.round.committed == {ONE, TWO, THREE}


@pytest.mark.parametrize("absent", [(), (ONE,), CLIENTS])
def test_no_more_clients_work_or_count_than_the_round_was_opened_for(absent):
    state = opened(size=2, minimum=1)
    for leaving in CLIENTS:
        state, _ = play(state, given_back(leaving), offered("c-4", "c-5", "c-6", absent=absent))
        assert len(state.round.open) + len(state.round.committed) <= 3


def test_a_deadline_ends_a_round_with_replacements_as_any_other():
    state, _ = play(opened(), given_back(ONE), offered("c-4"), committed("c-4", TWO))
    state, _ = play(state, events.Tick(), now=DEADLINE)
    assert state.round.phase is RoundPhase.SEALING


def test_a_line_takes_its_members_alone():
    state, _ = play(clustered_run(selection=RULES), *FORMED)
    line = line_named(state, "cluster-1")
    named = (line.round.number, 1)
    members = tuple(sorted(line.members))
    happened = (
        events.ClientsEligible(members, line="cluster-1"),
        events.RoundOpened(*named, line="cluster-1"),
        events.TasksGivenBack(*named, members[:1], line="cluster-1"),
        events.ClientsEligible(("c-4", "c-5", "c-9"), line="cluster-1"),
    )
    state, _ = play(state, *happened)
    assert "c-9" not in line_named(state, "cluster-1").round.cohort
    assert line_adapter("cluster-1", 1).line == "cluster-1"


def test_a_run_that_does_not_ask_for_it_replaces_nobody():
    state = opened(selection=replace(RULES, replace=False))
    after, asked = play(state, given_back(ONE), offered(*OTHERS, absent=(TWO,)))
    assert after.round.open == {TWO, THREE}
    assert asked == []

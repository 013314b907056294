from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    CLUSTERS,
    FORMED,
    OPENED,
    PROBED,
    SEALED,
    START,
    adapter,
    clustered_run,
    committed,
    play,
    published,
    run,
    through_round,
    through_to_evaluation,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.cohort import needs_clients
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.pausing import rests
from pfi_coordinator.domain.placing import wants_newcomers
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.timing import next_deadline

LATER = START + timedelta(hours=3)
PAUSE, PAUSE_NOW = events.PauseRequested(), events.PauseRequested(at_once=True)
RESUME = events.ResumeRequested()


def test_an_open_round_goes_on_and_no_further_one_is_opened():
    state, asked = play(run(), *OPENED)
    state, asked = play(state, PAUSE)
    assert asked == []
    assert not rests(state)
    rest_of_round = (committed(*CLIENTS), events.RoundSealed(1, 1, CLIENTS), published(1))
    state, _ = play(state, *rest_of_round)
    assert (state.base.version, state.round.number) == (1, 2)
    assert rests(state)
    assert not needs_clients(state)
    assert next_deadline(state) == state.settling[0].settle_at
    same, asked = play(state, events.ClientsEligible(CLIENTS), now=LATER)
    assert (same, asked) == (state, [])


def test_a_resumed_run_looks_for_its_cohort_with_all_its_patience():
    state, _ = play(run(), *BEGUN, PAUSE)
    state, asked = play(state, RESUME, now=LATER)
    assert asked == []
    assert state.round.deadline == LATER + timedelta(seconds=600)
    state, asked = play(state, events.ClientsEligible(CLIENTS), now=LATER)
    assert asked == [effects.OpenRound(1, 1)]


@pytest.mark.parametrize(
    "history",
    [
        (*BEGUN, events.ClientsEligible(CLIENTS)),
        OPENED,
        (*OPENED, committed(*CLIENTS)),
    ],
    ids=["opening", "collecting", "sealing"],
)
def test_at_once_breaks_the_attempt_off(history):
    state, _ = play(run(), *history)
    state, asked = play(state, PAUSE_NOW)
    cancelled = effects.CancelTasks(1, 1, CLIENTS)
    assert asked == [cancelled, effects.AbortRound(1, 1)]
    state, _ = play(state, events.RoundAborted(1, 1))
    assert (state.round.phase, state.round.attempt) == (RoundPhase.WAITING, 2)
    assert rests(state)


def test_an_attempt_that_was_broken_off_is_no_failure():
    state, _ = play(run(retry_first_seconds=5.0), *BEGUN)
    for attempt in range(1, 6):
        opened = (events.ClientsEligible(CLIENTS), events.RoundOpened(1, attempt))
        state, _ = play(state, *opened, PAUSE_NOW, events.RoundAborted(1, attempt), RESUME)
        assert state.phase is RunPhase.RUNNING
        assert state.round.phase is RoundPhase.WAITING
    assert (state.round.attempt, state.round.forgiven) == (6, 5)


def test_what_is_finalized_is_let_finish():
    state, _ = play(run(), *SEALED)
    state, asked = play(state, PAUSE_NOW)
    assert (asked, state.round.phase) == ([], RoundPhase.FINALIZING)
    assert play(state, published(1))[0].base.version == 1


def test_the_evaluation_is_held_back_until_the_run_goes_on():
    state, _ = play(run(rounds=1), *SEALED, PAUSE, published(1))
    assert (state.phase, state.round, state.evaluation) == (RunPhase.RUNNING, None, None)
    assert rests(state)
    state, asked = play(state, RESUME, now=LATER)
    assert state.phase is RunPhase.EVALUATING
    (dispatched,) = asked
    assert dispatched.clients == CLIENTS


def test_pausing_and_resuming_again_change_nothing():
    state, _ = play(run(), *OPENED, PAUSE)
    assert decide(state, PAUSE, LATER) == (state, ())
    state, _ = play(state, RESUME)
    assert decide(state, RESUME, LATER) == (state, ())


def test_a_run_without_training_left_cannot_be_paused():
    for state in (through_to_evaluation(), play(run(), events.CancelRequested())[0]):
        assert decide(state, PAUSE_NOW, LATER) == (state, ())


def test_a_paused_run_can_be_cancelled():
    state, _ = play(run(), *BEGUN, PAUSE)
    state, _ = play(state, events.CancelRequested())
    assert (state.phase, state.paused_since) == (RunPhase.CANCELLED, None)
    assert state.at_rest
    assert decide(state, RESUME, LATER) == (state, ())


def test_a_run_paused_before_version_0_begins_when_it_is_resumed():
    state, _ = play(run(), events.RunSubmitted(), PAUSE, events.InitialAdapterMade(adapter(0)))
    assert not needs_clients(state)
    assert needs_clients(play(state, RESUME)[0])


def test_every_line_is_paused_and_resumed():
    state, _ = play(clustered_run(), *FORMED, PAUSE)
    assert all(line.paused_since == START for line in state.lines)
    assert rests(state)
    state, _ = play(state, RESUME, now=LATER)
    assert all(needs_clients(line) for line in state.lines)


def test_lines_that_are_formed_during_a_pause_wait_for_its_end():
    formed = events.ClientsPartitioned(CLUSTERS, 0.5, "")
    state, _ = play(clustered_run(), *PROBED, PAUSE, formed)
    assert rests(state)
    assert not any(needs_clients(line) for line in state.lines)


def test_new_clients_are_not_asked_during_a_pause():
    lines = (("cluster-1", ("c-1", "c-2", "c-3")), ("cluster-2", ("c-4", "c-5")))
    rounds = [event for line, clients in lines for event in through_round(line, clients)]
    state, _ = play(clustered_run(rounds=3), *FORMED, *rounds)
    assert wants_newcomers(state)
    state, asked = play(state, events.ClientsEligible(("c-6",)))
    assert isinstance(asked[0], effects.PlaceClients)
    state, asked = play(state, PAUSE_NOW)
    assert asked == [effects.CancelPlacement(1, ("c-6",))]
    assert not wants_newcomers(state)

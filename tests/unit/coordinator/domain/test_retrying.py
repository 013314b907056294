from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import BEGUN, CLIENTS, START, play, run

from pfi_coordinator.domain import events
from pfi_coordinator.domain.cohort import needs_clients
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.retrying import retry_seconds
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.timing import next_deadline
from pfi_coordinator.domain.why import WaitReason

GIVEN_BACK = ("c-1", "c-2")


def failed_attempt(state, attempt, now):
    """Opens an attempt whose clients give their tasks back, and gives the state afterwards."""
    state, _ = play(
        state,
        events.ClientsEligible(CLIENTS),
        events.RoundOpened(1, attempt),
        events.TasksGivenBack(1, attempt, GIVEN_BACK),
        events.RoundAborted(1, attempt),
        now=now,
    )
    return state


def test_pauses_double_up_to_a_limit_and_then_the_run_fails():
    rules = {"retry_first_seconds": 5.0, "retry_most_seconds": 15.0, "attempts": 5}
    state, now, pauses = play(run(**rules), *BEGUN)[0], START, []
    for attempt in range(1, 6):
        state = failed_attempt(state, attempt, now)
        if state.round is not None:
            assert state.round.phase is RoundPhase.BACKING_OFF
            assert next_deadline(state) == state.round.deadline
            pauses.append((state.round.deadline - now).total_seconds())
            now = state.round.deadline
            state, _ = decide(state, events.Tick(), now)
    assert pauses == pytest.approx([5, 10, 15, 15], rel=0.21)
    assert state.phase is RunPhase.FAILED
    assert state.failure.reason == "QUORUM_NOT_REACHED"


def test_nobody_is_selected_before_the_pause_is_over():
    state = failed_attempt(play(run(retry_first_seconds=5.0), *BEGUN)[0], 1, START)
    due = state.round.deadline
    assert not needs_clients(state)
    early, asked = play(state, events.ClientsEligible(CLIENTS), events.Tick(), now=START)
    assert (early, asked) == (state, [])
    state, _ = decide(state, events.Tick(), due)
    assert (state.round.phase, state.round.attempt) == (RoundPhase.WAITING, 2)
    assert state.round.deadline == due + timedelta(seconds=600)


def test_the_pause_is_drawn_from_the_seed():
    def pause(seed, name="r-0123456789"):
        state = play(run(retry_first_seconds=5.0, seed=seed), *BEGUN)[0]
        return retry_seconds(state, replace(state.round, line=name))

    assert pause(1) == pause(1)
    assert len({pause(seed) for seed in range(20)}) == 20
    assert all(4 <= pause(seed) <= 6 for seed in range(20))


def test_without_a_pause_the_round_is_tried_again_at_once():
    state = failed_attempt(play(run(), *BEGUN)[0], 1, START)
    assert state.round.phase is RoundPhase.WAITING


def test_one_attempt_is_all_when_the_run_says_so():
    state = failed_attempt(play(run(attempts=1), *BEGUN)[0], 1, START)
    assert state.phase is RunPhase.FAILED


def test_why_says_when_it_goes_on_and_what_failed():
    state = failed_attempt(play(run(retry_first_seconds=5.0), *BEGUN)[0], 1, START)
    why = explain(state)
    assert why.reason is WaitReason.BACK_OFF
    assert why.due == state.round.deadline
    assert why.due.isoformat(timespec="seconds") in why.unblocks
    assert "attempt 2" in why.waiting_for
    assert "given back" in why.waiting_for


def test_a_run_that_backs_off_can_be_cancelled():
    state = failed_attempt(play(run(retry_first_seconds=5.0), *BEGUN)[0], 1, START)
    state, _ = play(state, events.CancelRequested())
    assert (state.phase, state.round) == (RunPhase.CANCELLED, None)


def test_a_pause_of_the_run_outlasts_that_of_the_round():
    state = failed_attempt(play(run(retry_first_seconds=5.0), *BEGUN)[0], 1, START)
    due = state.round.deadline
    state, _ = play(state, events.PauseRequested(), events.Tick(), now=due)
    assert (state.round.phase, state.round.deadline) == (RoundPhase.WAITING, None)
    assert needs_clients(play(state, events.ResumeRequested(), now=due)[0])

from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    OPENED,
    SEALED,
    START,
    adapter,
    committed,
    play,
    run,
    through_to_evaluation,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.state import RoundPhase, RunPhase


def test_a_revoked_client_is_not_waited_for():
    state, asked = play(
        run(), *OPENED, committed("c-1", "c-2"), events.ClientsRevoked(("c-3", "c-9"))
    )
    assert state.round.phase is RoundPhase.SEALING
    state, asked = play(
        through_to_evaluation(),
        events.EvaluationAnswered(("c-1", "c-2")),
        events.ClientsRevoked(("c-3",)),
    )
    assert asked == [effects.StoreEvaluation(1)]


def test_a_commit_of_a_client_revoked_afterwards_counts():
    state, _ = play(run(), *OPENED, committed("c-1"), events.ClientsRevoked(("c-1",)))
    assert state.round.committed == {"c-1"}


def test_a_cohort_revoked_while_opening_is_not_given_tasks():
    state, asked = play(
        run(),
        *BEGUN,
        events.ClientsEligible(CLIENTS),
        events.ClientsRevoked(("c-1", "c-2")),
        events.RoundOpened(1, 1),
    )
    assert state.round.phase is RoundPhase.ABORTING
    assert not any(isinstance(effect, effects.DispatchTasks) for effect in asked)


@pytest.mark.parametrize(
    ("history", "phase"),
    [
        ((*BEGUN, events.ClientsEligible(CLIENTS)), RoundPhase.OPENING),
        (OPENED, RoundPhase.COLLECTING),
        ((*OPENED, committed(*CLIENTS)), RoundPhase.SEALING),
        (SEALED, RoundPhase.FINALIZING),
    ],
)
def test_cancelling_voids_the_attempt_wherever_it_is(history, phase):
    state, _ = play(run(), *history)
    assert state.round.phase is phase
    state, asked = play(state, events.CancelRequested())
    assert state.phase is RunPhase.CANCELLED
    assert asked[-1] == effects.AbortRound(1, 1)
    assert not state.at_rest
    state, asked = play(state, events.RoundAborted(1, 1))
    assert asked == [effects.SettleRound(1, 1)]
    assert state.at_rest


def test_cancelling_before_version_0_leaves_nothing_to_do():
    state, asked = play(run(), events.RunSubmitted(), events.CancelRequested())
    assert state.at_rest
    assert not is_wanted(state, asked[0])
    assert play(state, events.InitialAdapterMade(adapter(0)))[0] == state


def test_cancelling_while_a_reopened_attempt_waits_settles_the_one_before():
    state, _ = play(run(), *OPENED)
    state, _ = decide(state, events.Tick(), START + timedelta(seconds=600))
    state, asked = play(state, events.RoundAborted(1, 1), events.CancelRequested())
    assert asked == [effects.SettleRound(1, 1)]
    assert state.at_rest


def test_cancelling_the_evaluation_takes_its_tasks_back():
    state, asked = play(through_to_evaluation(), events.CancelRequested())
    assert asked == [effects.CancelEvaluation(1, CLIENTS), effects.SettleRound(1, 1)]
    assert state.at_rest


def test_an_ended_run_cannot_be_cancelled():
    state, _ = play(run(), events.RunSubmitted(), events.CancelRequested())
    assert decide(state, events.CancelRequested(), START) == (state, ())


@pytest.mark.parametrize(
    ("history", "effect"),
    [
        ((*BEGUN, events.ClientsEligible(CLIENTS)), "open_round"),
        (OPENED, "watch_round"),
        ((*OPENED, committed(*CLIENTS)), "seal_round"),
        (SEALED, "finalize_round"),
    ],
)
def test_an_effect_that_cannot_succeed_costs_an_attempt(history, effect):
    state, _ = play(run(), *history)
    failed = events.EffectFailed(effect, 1, 1, "ROUND_UNKNOWN", "no such round")
    state, asked = play(state, failed)
    assert asked[-1] == effects.AbortRound(1, 1)
    state, _ = play(state, failed, events.EffectFailed("abort_round", 1, 1, "ROUND_UNKNOWN", ""))
    assert (state.round.attempt, state.round.phase) == (2, RoundPhase.WAITING)


def test_a_failure_that_is_late_changes_nothing():
    state, _ = play(run(), *SEALED)
    failed = events.EffectFailed("open_round", 1, 1, "ROUND_UNKNOWN", "no such round")
    assert decide(state, failed, START) == (state, ())


def test_without_version_0_the_run_fails_with_the_reason():
    failed = events.EffectFailed("create_initial_adapter", 0, 0, "SPEC_INVALID", "odd shape")
    state, _ = play(run(), events.RunSubmitted(), failed)
    assert state.phase is RunPhase.FAILED
    assert (state.failure.reason, state.failure.message) == ("SPEC_INVALID", "odd shape")


def test_effects_of_an_attempt_that_is_over_are_not_wanted():
    state, asked = play(run(), *BEGUN, events.ClientsEligible(CLIENTS))
    opening = asked[-1]
    assert is_wanted(state, opening)
    cancelled, clean_up = play(state, events.CancelRequested())
    assert not is_wanted(cancelled, opening)
    assert all(is_wanted(cancelled, effect) for effect in clean_up)


def test_cancelled_tasks_of_the_seal_and_of_the_abort_are_two_effects():
    four = (*CLIENTS, "c-4")
    state, sealing = play(
        run(selected_count=4),
        *BEGUN,
        events.ClientsEligible(four, ("spool-0", "spool-1"), 2),
        events.RoundOpened(1, 1),
        committed(*CLIENTS),
        events.RoundSealed(1, 1, CLIENTS),
    )
    _, aborting = play(state, events.CancelRequested())
    cancelled = [item for item in (*sealing, *aborting) if isinstance(item, effects.CancelTasks)]
    assert [item.clients for item in cancelled] == [("c-4",), CLIENTS]
    assert len({effects.effect_key(item) for item in cancelled}) == 2


def test_a_receipt_of_an_earlier_attempt_says_nothing_of_this_one():
    late = START + timedelta(seconds=600)
    state, _ = play(run(), *OPENED)
    state, _ = play(state, events.Tick(), events.RoundAborted(1, 1), now=late)
    again = (events.ClientsEligible(CLIENTS), events.RoundOpened(1, 2))
    state, _ = play(state, *again, now=late)
    assert (state.round.phase, state.round.attempt) == (RoundPhase.COLLECTING, 2)
    assert decide(state, events.TasksFinished(1, 1, CLIENTS), late) == (state, ())

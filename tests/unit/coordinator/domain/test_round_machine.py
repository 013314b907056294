from datetime import timedelta
from typing import get_args

import pytest
from tests.unit.coordinator.domain.builders import START, adapter, play, run

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.machine import RULES, decide
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.timing import next_deadline

CLIENTS = ("c-1", "c-2", "c-3")
BEGUN = (events.RunSubmitted(), events.InitialAdapterMade(adapter(0)))
OPENED = (*BEGUN, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))


def committed(*clients, number=1, attempt=1):
    updates = tuple(events.CommittedUpdate(client) for client in clients)
    return events.UpdatesCommitted(number, attempt, updates)


def test_every_event_has_a_rule():
    assert set(RULES) == set(get_args(events.Event))


def test_a_submitted_run_asks_for_version_0_and_then_waits_for_clients():
    state, asked = play(run(), *BEGUN)
    assert asked == [effects.CreateInitialAdapter()]
    assert state.phase is RunPhase.RUNNING
    assert state.round.phase is RoundPhase.WAITING
    assert state.base == adapter(0)


def test_too_few_clients_are_counted_but_open_nothing():
    state, asked = play(run(), *BEGUN, events.ClientsEligible(("c-1", "c-2")))
    assert state.round.phase is RoundPhase.WAITING
    assert state.eligible == 2
    assert asked == [effects.CreateInitialAdapter()]


def test_after_the_deadline_of_waiting_the_minimum_is_enough():
    state, _ = play(run(), *BEGUN)
    later = START + timedelta(seconds=601)
    state, asked = decide(state, events.ClientsEligible(("c-1", "c-2")), later)
    assert state.round.phase is RoundPhase.OPENING
    assert asked == (effects.OpenRound(1, 1),)


def test_an_opened_round_gives_out_its_tasks_with_the_deadline():
    state, asked = play(run(), *OPENED)
    deadline = START + timedelta(seconds=600)
    assert state.round.phase is RoundPhase.COLLECTING
    assert asked[-1] == effects.DispatchTasks(1, 1, CLIENTS, deadline)
    assert next_deadline(state) == deadline


def test_size_commits_seal_the_round():
    state, asked = play(run(), *OPENED, committed("c-1", "c-2"))
    assert state.round.phase is RoundPhase.COLLECTING
    state, asked = play(state, committed("c-2", "c-3"))
    assert state.round.phase is RoundPhase.SEALING
    assert asked == [effects.SealRound(1, 1)]


def test_clips_are_counted_once_although_the_watch_repeats_itself():
    clipped = events.UpdatesCommitted(1, 1, (events.CommittedUpdate("c-1", True, True),))
    state, _ = play(run(), *OPENED, clipped, clipped)
    assert (state.round.clipped, state.round.capped) == (1, 1)


def test_clips_are_counted_although_the_receipt_was_first_and_the_round_is_sealed():
    clipped = events.UpdatesCommitted(1, 1, (events.CommittedUpdate("c-1", True, False),))
    state, _ = play(run(), *OPENED, events.TasksFinished(1, 1, CLIENTS), clipped)
    assert (state.round.phase, state.round.clipped) == (RoundPhase.SEALING, 1)


def test_a_receipt_proves_a_commit_that_the_watch_has_not_told():
    finished = events.TasksFinished(1, 1, CLIENTS)
    state, asked = play(run(), *OPENED, finished)
    assert state.round.phase is RoundPhase.SEALING
    assert state.round.reported == frozenset(CLIENTS)
    assert asked[-1] == effects.SealRound(1, 1)


def test_commits_of_strangers_and_of_other_attempts_change_nothing():
    state, _ = play(run(), *OPENED)
    for event in (committed("c-9"), committed("c-1", attempt=2), committed("c-1", number=2)):
        assert decide(state, event, START) == (state, ())


def test_the_minimum_seals_when_no_client_works_any_more():
    given_back = events.TasksGivenBack(1, 1, ("c-3",))
    state, asked = play(run(), *OPENED, committed("c-1", "c-2"), given_back)
    assert state.round.phase is RoundPhase.SEALING
    assert asked[-1] == effects.SealRound(1, 1)


def test_the_attempt_is_aborted_as_soon_as_the_minimum_is_out_of_reach():
    given_back = events.TasksGivenBack(1, 1, ("c-2", "c-3"))
    state, asked = play(run(), *OPENED, given_back)
    assert state.round.phase is RoundPhase.ABORTING
    assert asked[-2:] == [effects.CancelTasks(1, 1, ("c-1",)), effects.AbortRound(1, 1)]


def test_at_the_deadline_the_minimum_is_sealed():
    state, _ = play(run(), *OPENED, committed("c-1", "c-2"))
    early, asked = decide(state, events.Tick(), START + timedelta(seconds=599))
    assert (early, asked) == (state, ())
    state, asked = decide(state, events.Tick(), START + timedelta(seconds=600))
    assert state.round.phase is RoundPhase.SEALING


def test_at_the_deadline_too_few_are_aborted_and_the_round_is_reopened():
    state, _ = play(run(), *OPENED, committed("c-1"))
    state, asked = decide(state, events.Tick(), START + timedelta(seconds=600))
    assert asked == (
        effects.CancelTasks(1, 1, ("c-1", "c-2", "c-3")),
        effects.AbortRound(1, 1),
    )
    state, _ = play(state, events.RoundAborted(1, 1))
    assert (state.round.attempt, state.round.phase) == (2, RoundPhase.WAITING)
    assert state.last_round.phase is RoundPhase.ABORTED


def test_the_third_missed_quorum_fails_the_run_and_settles_the_round():
    state, _ = play(run(), *BEGUN)
    now = START
    for attempt in (1, 2, 3):
        state, _ = play(
            state, events.ClientsEligible(CLIENTS), events.RoundOpened(1, attempt), now=now
        )
        now = now + timedelta(seconds=600)
        state, _ = decide(state, events.Tick(), now)
        state, asked = decide(state, events.RoundAborted(1, attempt), now)
    assert state.phase is RunPhase.FAILED
    assert state.failure.reason == "QUORUM_NOT_REACHED"
    assert "0 of at least 2 updates" in state.failure.message
    assert asked == (effects.SettleRound(1, 3),)
    assert state.at_rest


def test_clients_that_were_not_counted_get_their_task_cancelled():
    state, _ = play(run(size=2), *OPENED, committed("c-1", "c-2"))
    state, asked = play(state, events.RoundSealed(1, 1, ("c-1", "c-2")))
    assert asked == [effects.CancelTasks(1, 1, ("c-3",)), effects.FinalizeRound(1, 1)]
    assert state.round.counted == 2


def test_the_aggregators_counted_set_is_the_truth():
    state, _ = play(run(size=2), *OPENED, committed("c-1", "c-2"))
    state, asked = play(state, events.RoundSealed(1, 1, CLIENTS))
    assert state.round.committed == frozenset(CLIENTS)
    assert asked == [effects.FinalizeRound(1, 1)]


def published(number):
    return events.RoundPublished(number, 1, adapter(number), 0.25)


SEALED = (*OPENED, committed(*CLIENTS), events.RoundSealed(1, 1, CLIENTS))


def test_a_published_round_leads_to_the_next_and_keeps_receipts_for_a_while():
    state, asked = play(run(), *SEALED, published(1))
    assert (state.round.number, state.round.attempt) == (2, 1)
    assert state.base == adapter(1)
    assert state.last_round.merge_seconds == 0.25
    assert not any(isinstance(effect, effects.SettleRound) for effect in asked)
    later = START + timedelta(seconds=60)
    _, asked = decide(state, events.Tick(), later)
    assert asked == (effects.SettleRound(1, 1),)


def test_a_round_settles_with_the_last_report():
    state, _ = play(run(), *SEALED, published(1))
    state, asked = play(state, events.TasksFinished(1, 1, ("c-1", "c-2")))
    assert asked == []
    state, asked = play(state, events.TasksFinished(1, 1, ("c-3",)))
    assert asked == [effects.SettleRound(1, 1)]
    assert state.settling == ()


def test_reports_before_publication_settle_at_once():
    state, asked = play(
        run(), *OPENED, events.TasksFinished(1, 1, CLIENTS), events.RoundSealed(1, 1, CLIENTS)
    )
    state, asked = play(state, published(1))
    assert asked == [effects.SettleRound(1, 1)]


def through_to_evaluation():
    state, _ = play(run(rounds=1), *SEALED, published(1))
    return state


def test_the_last_round_is_followed_by_an_evaluation_of_all_who_took_part():
    state, asked = play(run(rounds=1), *SEALED, published(1))
    assert state.phase is RunPhase.EVALUATING
    assert asked[-1] == effects.DispatchEvaluation(1, CLIENTS, START + timedelta(seconds=600))


def test_the_last_answer_completes_the_run():
    state, asked = play(through_to_evaluation(), events.EvaluationAnswered(CLIENTS))
    assert asked == [effects.StoreEvaluation(1)]
    state, _ = play(state, events.EvaluationStored(), events.EvaluationStored())
    assert state.phase is RunPhase.COMPLETED
    assert not state.at_rest
    state, asked = decide(state, events.Tick(), START + timedelta(seconds=60))
    assert state.at_rest
    assert asked == (effects.SettleRound(1, 1),)


def test_the_evaluation_ends_at_its_deadline():
    state, _ = play(through_to_evaluation(), events.EvaluationAnswered(("c-1",)))
    state, asked = decide(state, events.Tick(), START + timedelta(seconds=600))
    assert effects.StoreEvaluation(1) in asked
    assert effects.CancelEvaluation(1, ("c-2", "c-3")) in asked


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

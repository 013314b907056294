from datetime import timedelta
from typing import get_args

from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    OPENED,
    SEALED,
    START,
    adapter,
    committed,
    play,
    published,
    run,
    through_to_evaluation,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.machine import RULES, decide
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.timing import next_deadline


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
    assert asked == [effects.CancelTasks(1, 1, ("c-3",), 1), effects.FinalizeRound(1, 1)]
    assert state.round.counted == 2


def test_the_aggregators_counted_set_is_the_truth():
    state, _ = play(run(size=2), *OPENED, committed("c-1", "c-2"))
    state, asked = play(state, events.RoundSealed(1, 1, CLIENTS))
    assert state.round.committed == frozenset(CLIENTS)
    assert asked == [effects.FinalizeRound(1, 1)]


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

from datetime import timedelta

from tests.unit.coordinator.domain.builders import (
    CLIENTS,
    FORMED,
    OPENED,
    SEALED,
    START,
    clustered_run,
    play,
    published,
    run,
    through_round,
    through_to_evaluation,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.cohort import needs_clients
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RunPhase

LATER = START + timedelta(hours=3)
LINES = (("cluster-1", ("c-1", "c-2", "c-3")), ("cluster-2", ("c-4", "c-5")))


def completed():
    state, _ = play(
        through_to_evaluation(), events.EvaluationAnswered(CLIENTS), events.EvaluationStored()
    )
    assert state.phase is RunPhase.COMPLETED
    return state


def test_a_run_at_work_gets_more_rounds():
    state, asked = play(run(rounds=1), *SEALED, events.ExtendRequested(3), published(1))
    assert (state.rules.rounds, state.round.number) == (3, 2)
    assert not any(isinstance(effect, effects.DispatchEvaluation) for effect in asked)


def test_a_completed_run_goes_on_from_its_last_version():
    state, asked = play(completed(), events.ExtendRequested(3), now=LATER)
    assert asked == []
    assert (state.phase, state.ended_at) == (RunPhase.RUNNING, None)
    assert (state.base.version, state.round.number, state.round.attempt) == (1, 2, 1)
    assert state.evaluations_past == 1
    assert needs_clients(state)


def test_an_evaluation_under_way_is_taken_back():
    state, asked = play(through_to_evaluation(), events.ExtendRequested(2), now=LATER)
    assert asked == [effects.CancelEvaluation(1, CLIENTS)]
    assert (state.phase, state.evaluation, state.round.number) == (RunPhase.RUNNING, None, 2)


def test_the_second_evaluation_has_names_of_its_own():
    state, first = play(run(rounds=1), *SEALED, published(1))
    state, _ = play(state, events.EvaluationAnswered(CLIENTS), events.EvaluationStored())
    state, second = play(
        state,
        events.ExtendRequested(2),
        events.ClientsEligible(CLIENTS),
        events.RoundOpened(2, 1),
        events.TasksFinished(2, 1, CLIENTS),
        events.RoundSealed(2, 1, CLIENTS),
        published(2),
    )
    assert state.phase is RunPhase.EVALUATING
    keys = [effects.effect_key(effect) for effect in (*first, *second)]
    assert len(set(keys)) == len(keys)


def test_a_late_word_of_the_first_evaluation_does_not_end_the_second():
    state, _ = play(
        completed(),
        events.ExtendRequested(2),
        events.ClientsEligible(CLIENTS),
        events.RoundOpened(2, 1),
        events.TasksFinished(2, 1, CLIENTS),
        events.RoundSealed(2, 1, CLIENTS),
        published(2),
    )
    assert state.phase is RunPhase.EVALUATING
    assert decide(state, events.EvaluationStored(), LATER) == (state, ())
    stored, _ = decide(state, events.EvaluationStored(1), LATER)
    assert stored.phase is RunPhase.COMPLETED


def test_fewer_rounds_or_as_many_change_nothing():
    for state in (play(run(), *OPENED)[0], completed()):
        event = events.ExtendRequested(state.rules.rounds)
        assert decide(state, event, LATER) == (state, ())


def test_a_run_that_was_cancelled_stays_cancelled():
    state, _ = play(run(), *OPENED, events.CancelRequested())
    assert decide(state, events.ExtendRequested(9), LATER) == (state, ())


def test_a_paused_run_is_extended_and_stays_paused():
    paused = events.PauseRequested()
    state, _ = play(run(rounds=1), *SEALED, paused, published(1), events.ExtendRequested(2))
    assert state.round.number == 2
    assert not needs_clients(state)
    assert needs_clients(play(state, events.ResumeRequested())[0])


def test_every_line_that_did_not_fail_trains_again():
    rounds = [event for line, clients in LINES for event in through_round(line, clients)]
    stored = [
        event
        for line, clients in LINES
        for event in (
            events.EvaluationAnswered(clients, line=line),
            events.EvaluationStored(line=line),
        )
    ]
    state, _ = play(clustered_run(), *FORMED, *rounds, *stored, events.EvaluationStored())
    assert state.phase is RunPhase.COMPLETED
    state, _ = play(state, events.ExtendRequested(4), now=LATER)
    assert state.phase is RunPhase.RUNNING
    assert [line.round.number for line in state.lines] == [3, 3]
    assert [line.rules.rounds for line in state.lines] == [4, 4]
    assert [line.evaluations_past for line in state.lines] == [1, 1]


def test_a_line_without_members_stays_as_it_was():
    rounds = [event for line, clients in LINES for event in through_round(line, clients)]
    gone = events.ClientsRevoked(("c-4", "c-5"))
    state, _ = play(clustered_run(), *FORMED, *rounds)
    state, _ = play(state, gone, events.EvaluationStored(line="cluster-2"))
    assert state.lines[1].phase is RunPhase.COMPLETED
    state, _ = play(state, events.ExtendRequested(4))
    assert state.lines[1].phase is RunPhase.COMPLETED
    assert state.lines[0].rules.rounds == 4

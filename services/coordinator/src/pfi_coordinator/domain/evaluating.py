"""The closing evaluation: every client that took part measures the result on its own rows."""

from dataclasses import replace
from datetime import datetime, timedelta

from pfi_coordinator.domain.deadlines import patience_seconds
from pfi_coordinator.domain.decision import Decision, ended, then, unchanged
from pfi_coordinator.domain.effects import (
    CancelEvaluation,
    DispatchEvaluation,
    Effect,
    StoreEvaluation,
)
from pfi_coordinator.domain.events import EvaluationAnswered, EvaluationStored
from pfi_coordinator.domain.state import EvaluationState, RunPhase, RunState


def begin_evaluation(state: RunState, now: datetime) -> Decision:
    """Asks every client that was counted in a round."""
    deadline = now + timedelta(seconds=patience_seconds(state))
    evaluation = EvaluationState(state.participants, deadline)
    evaluating = replace(
        state, phase=RunPhase.EVALUATING, since=now, evaluation=evaluation, trouble=None
    )
    if not state.participants:
        return store_evaluation(evaluating)
    clients = tuple(sorted(state.participants))
    return evaluating, (DispatchEvaluation(state.rules.rounds, clients, deadline),)


def evaluation_answered(state: RunState, event: EvaluationAnswered, _now: datetime) -> Decision:
    """Stops waiting for these clients."""
    return stop_waiting(state, frozenset(event.clients))


def stop_waiting(state: RunState, clients: frozenset[str]) -> Decision:
    """Goes on without these clients; with the last one the evaluation is stored."""
    evaluation = state.evaluation
    if evaluation is None or evaluation.storing or evaluation.waiting.isdisjoint(clients):
        return unchanged(state)
    waiting = evaluation.waiting - clients
    left = replace(state, evaluation=replace(evaluation, waiting=waiting))
    return (left, ()) if waiting else store_evaluation(left)


def evaluation_deadline(state: RunState, evaluation: EvaluationState) -> Decision:
    """Ends the wait for clients that did not answer."""
    return then(store_evaluation(state), _taken_back(state, evaluation))


def store_evaluation(state: RunState) -> Decision:
    """Has the evaluation written."""
    evaluation = state.evaluation
    if evaluation is None or evaluation.storing:
        return unchanged(state)
    storing = replace(evaluation, storing=True)
    return replace(state, evaluation=storing, trouble=None), (StoreEvaluation(state.rules.rounds),)


def evaluation_stored(state: RunState, event: EvaluationStored, now: datetime) -> Decision:
    """Completes the run, unless it was extended since."""
    if state.phase is not RunPhase.EVALUATING or event.past != state.evaluations_past:
        return unchanged(state)
    return ended(state, RunPhase.COMPLETED, now), ()


def evaluation_taken_back(state: RunState) -> tuple[Effect, ...]:
    """Takes the tasks of an evaluation back that nobody waits for any more."""
    evaluation = state.evaluation
    if evaluation is None or evaluation.storing or not evaluation.waiting:
        return ()
    return (_taken_back(state, evaluation),)


def _taken_back(state: RunState, evaluation: EvaluationState) -> CancelEvaluation:
    waiting = tuple(sorted(evaluation.waiting))
    return CancelEvaluation(state.rules.rounds, waiting, state.evaluations_past)

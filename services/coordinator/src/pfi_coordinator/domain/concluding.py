"""What follows for a whole run from the decision about one of its lines."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.decision import Decision, ended, then
from pfi_coordinator.domain.effects import StoreEvaluation
from pfi_coordinator.domain.partition import forget_sketches, keeps_sketches
from pfi_coordinator.domain.placing import placements_taken_back
from pfi_coordinator.domain.scaling import rescaled
from pfi_coordinator.domain.state import EvaluationState, Failure, RunPhase, RunState


def conclude(before: RunState, decision: Decision, now: datetime) -> Decision:
    """Ends a run whose lines have all ended, and deletes what a run that ended has no use for."""
    state, effects = decision
    if state.lines and state.phase is RunPhase.RUNNING:
        state, more = _with_lines(state, now)
        effects = (*effects, *more)
    if state.phase.ended and not before.phase.ended and keeps_sketches(state):
        effects = (*effects, forget_sketches(state))
    return state, effects


def _with_lines(state: RunState, now: datetime) -> Decision:
    if not all(line.phase.ended for line in state.lines):
        return rescaled(state), ()
    left, effects = placements_taken_back(state)
    if any(line.phase is RunPhase.COMPLETED for line in state.lines):
        nobody = EvaluationState(frozenset(), now, storing=True)
        storing = replace(left, phase=RunPhase.EVALUATING, since=now, evaluation=nobody)
        return then((storing, effects), StoreEvaluation(state.rules.rounds))
    return ended(left, RunPhase.FAILED, now, _every_failure(state)), effects


def _every_failure(state: RunState) -> Failure:
    causes = [(line.line, line.failure) for line in state.lines if line.failure is not None]
    reason = causes[0][1].reason if causes else "INTERNAL"
    each = "; ".join(f"{name}: {failure.message}" for name, failure in causes)
    return Failure(reason, f"no line could be completed: {each}")

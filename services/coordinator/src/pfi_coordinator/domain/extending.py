"""A person wants more rounds: of a run that goes on, or of one that has completed."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.decision import Decision, unchanged, waiting_round
from pfi_coordinator.domain.evaluating import evaluation_taken_back
from pfi_coordinator.domain.events import ExtendRequested
from pfi_coordinator.domain.lines import OVER_FOR_GOOD
from pfi_coordinator.domain.pausing import holds_evaluation
from pfi_coordinator.domain.state import GLOBAL, RunPhase, RunState


def extend_requested(state: RunState, event: ExtendRequested, now: datetime) -> Decision:
    """Raises the number of rounds; a line that had published all of them trains again.

    A line that failed or was cancelled stays ended, and so does one that lost all its members.
    """
    if event.rounds <= state.rules.rounds or state.phase in OVER_FOR_GOOD or _deserted(state):
        return unchanged(state)
    longer = replace(state, rules=replace(state.rules, rounds=event.rounds))
    if state.phase in {RunPhase.EVALUATING, RunPhase.COMPLETED}:
        return _trained_again(longer, now), evaluation_taken_back(state)
    return (_next_round(longer, now) if holds_evaluation(state) else longer), ()


def _trained_again(state: RunState, now: datetime) -> RunState:
    """Goes back to training; the evaluation that was begun or made is a past one."""
    reopened = replace(
        state,
        phase=RunPhase.RUNNING,
        since=now,
        ended_at=None,
        evaluation=None,
        trouble=None,
        evaluations_past=state.evaluations_past + 1,
    )
    # The lines of clusters have rounds of their own.
    return reopened if state.lines else _next_round(reopened, now)


def _next_round(state: RunState, now: datetime) -> RunState:
    published = 0 if state.base is None else state.base.version
    return waiting_round(state, published + 1, 1, now)


def _deserted(state: RunState) -> bool:
    return state.line != GLOBAL and not state.members

"""A person pauses a run and lets it go on."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.decision import (
    Decision,
    abort_attempt,
    then,
    unchanged,
    waiting_round,
    with_round,
)
from pfi_coordinator.domain.evaluating import begin_evaluation
from pfi_coordinator.domain.events import PauseRequested, ResumeRequested
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.partition import partition_pending
from pfi_coordinator.domain.placing import placements_taken_back
from pfi_coordinator.domain.retrying import BROKEN_OFF
from pfi_coordinator.domain.state import RoundPhase, RunPhase, RunState

_TRAINS = frozenset({RunPhase.PENDING, RunPhase.RUNNING})
_NOTHING_OPEN = frozenset({RoundPhase.WAITING, RoundPhase.BACKING_OFF})

_BREAKS_OFF = frozenset(
    {RoundPhase.OPENING, RoundPhase.COLLECTING, RoundPhase.SEALING, RoundPhase.REDUCING}
)
"""An attempt that is finalized may be published already, and costs no client anything."""


def pause_requested(state: RunState, event: PauseRequested, now: datetime) -> Decision:
    """Opens nothing new from now on; an open round goes on unless it is to end at once."""
    if state.phase not in _TRAINS:
        return unchanged(state)
    paused = state if state.paused_since is not None else replace(state, paused_since=now)
    current = paused.round
    if current is not None and current.phase is RoundPhase.WAITING:
        # The patience for a whole cohort begins anew when the run goes on.
        return with_round(paused, replace(current, deadline=None)), ()
    return _broken_off(paused, now) if event.at_once else (paused, ())


def resume_requested(state: RunState, _event: ResumeRequested, now: datetime) -> Decision:
    """Goes on where the run was paused."""
    if state.paused_since is None or state.phase.ended:
        return unchanged(state)
    going = replace(state, paused_since=None)
    current = going.round
    if current is not None and current.phase is RoundPhase.WAITING:
        again = waiting_round(going, current.number, current.attempt, now, current.forgiven)
        return again, ()
    return begin_evaluation(going, now) if holds_evaluation(going) else (going, ())


def holds_evaluation(state: RunState) -> bool:
    """Whether every round is published and only a pause keeps the line from its evaluation."""
    trained = state.base is not None and state.base.version >= state.rules.rounds
    at_work = state.round is not None or bool(state.lines) or partition_pending(state)
    return state.phase is RunPhase.RUNNING and trained and not at_work


def rests(state: RunState) -> bool:
    """Whether a paused run has nothing open any more."""
    return state.paused_since is not None and not any(map(_is_open, every_line(state)))


def shown_state(state: RunState) -> str:
    """Names the state for people: its phase, or how far a pause is."""
    if state.paused_since is None:
        return state.phase.value
    return "paused" if rests(state) else "pausing"


def _is_open(line: RunState) -> bool:
    current = line.round
    open_round = current is not None and current.phase not in _NOTHING_OPEN
    return open_round or line.evaluation is not None or bool(line.placements)


def _broken_off(state: RunState, now: datetime) -> Decision:
    asked, late = placements_taken_back(state)
    current = asked.round
    if current is None or current.phase not in _BREAKS_OFF:
        return asked, late
    stopped, effects = abort_attempt(asked, BROKEN_OFF, now)
    return then((stopped, late), *effects)

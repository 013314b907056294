"""What every rule of the round machine returns, and the small moves that several rules share."""

from dataclasses import replace
from datetime import datetime, timedelta

from pfi_coordinator.domain.deadlines import round_deadline_of
from pfi_coordinator.domain.effects import AbortRound, CancelTasks, Effect, SettleRound
from pfi_coordinator.domain.rules import SETTLE_GRACE_SECONDS
from pfi_coordinator.domain.state import (
    Failure,
    RoundPhase,
    RoundState,
    RunPhase,
    RunState,
    SettlingRound,
)

Decision = tuple[RunState, tuple[Effect, ...]]


def unchanged(state: RunState) -> Decision:
    """Nothing follows from the event."""
    return state, ()


def with_round(state: RunState, current: RoundState) -> RunState:
    """Replaces the current attempt; a change of phase means that any trouble is over."""
    before = state.round
    moved = before is None or before.phase is not current.phase
    return replace(state, round=current, trouble=None if moved else state.trouble)


def waiting_round(
    state: RunState, number: int, attempt: int, now: datetime, forgiven: int = 0
) -> RunState:
    """Begins to look for the cohort of an attempt; a paused run looks when it is resumed."""
    deadline = now + timedelta(seconds=round_deadline_of(state).seconds)
    current = RoundState(
        number,
        attempt,
        RoundPhase.WAITING,
        since=now,
        deadline=deadline if state.paused_since is None else None,
        line=state.line,
        forgiven=forgiven,
    )
    return replace(state, round=current, trouble=None)


def abort_attempt(state: RunState, cause: Failure, now: datetime) -> Decision:
    """Voids the current attempt; what comes next is decided when the aggregator has confirmed."""
    current = state.round
    if current is None:
        return unchanged(state)
    bereft = tuple(sorted(current.open | current.committed))
    closed = replace(
        current.entered(RoundPhase.ABORTING, now),
        open=frozenset(),
        committed=frozenset(),
        closed=current.cohort,
        cause=cause,
    )
    effects: tuple[Effect, ...] = (AbortRound(current.number, current.attempt),)
    if bereft:
        effects = (CancelTasks(current.number, current.attempt, bereft), *effects)
    return with_round(state, closed), effects


def ended(
    state: RunState, phase: RunPhase, now: datetime, failure: Failure | None = None
) -> RunState:
    """Ends the run for its user; an open attempt is cleaned up by the effects that follow."""
    return replace(
        state,
        phase=phase,
        since=now,
        ended_at=now,
        failure=failure,
        evaluation=None,
        trouble=None,
        paused_since=None,
    )


def keep_receipts(state: RunState, published: RoundState, now: datetime) -> Decision:
    """Settles a published round once its clients have reported, or after a grace."""
    awaiting = published.committed - published.reported
    if not awaiting:
        return state, (SettleRound(published.number, published.attempt),)
    settle_at = now + timedelta(seconds=SETTLE_GRACE_SECONDS)
    entry = SettlingRound(
        published.number,
        published.attempt,
        awaiting,
        settle_at,
        published.spools,
        published.dealing,
    )
    return replace(state, settling=(*state.settling, entry)), ()


def settle(state: RunState, due: tuple[SettlingRound, ...]) -> Decision:
    """Settles these published rounds now."""
    if not due:
        return unchanged(state)
    left = tuple(entry for entry in state.settling if entry not in due)
    effects = tuple(SettleRound(entry.number, entry.attempt) for entry in due)
    return replace(state, settling=left), effects


def then(first: Decision, *more: Effect) -> Decision:
    """Adds effects to a decision."""
    state, effects = first
    return state, (*effects, *more)


def expects(current: RoundState, number: int, attempt: int, phase: RoundPhase) -> bool:
    """Whether an event about (number, attempt) belongs to this attempt in this phase."""
    return (current.number, current.attempt, current.phase) == (number, attempt, phase)

"""Deadlines: they are data in the state, and a tick looks at them."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.collecting import round_deadline
from pfi_coordinator.domain.decision import Decision, abort_attempt, settle, unchanged
from pfi_coordinator.domain.evaluating import evaluation_deadline
from pfi_coordinator.domain.events import EffectDelayed, Tick
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.placing import placements_due
from pfi_coordinator.domain.retrying import backed_off
from pfi_coordinator.domain.spools import given_up_at, spool_missing
from pfi_coordinator.domain.state import RoundPhase, RunState, Trouble


def tick(state: RunState, _event: Tick, now: datetime) -> Decision:
    """Acts on every deadline that has passed."""
    due = tuple(entry for entry in state.settling if entry.settle_at <= now)
    settled, effects = settle(state, due)
    asked, late = placements_due(settled, now)
    moved, more = _phase_deadline(asked, now)
    return moved, (*effects, *late, *more)


def _phase_deadline(state: RunState, now: datetime) -> Decision:
    current, evaluation = state.round, state.evaluation
    patience = given_up_at(state)
    if patience is not None and patience <= now:
        return abort_attempt(state, spool_missing(state), now)
    if current is not None and current.phase is RoundPhase.COLLECTING:
        passed = current.deadline is not None and current.deadline <= now
        return round_deadline(state, current, now) if passed else unchanged(state)
    if current is not None and current.phase is RoundPhase.BACKING_OFF:
        return backed_off(state, current, now)
    if evaluation is not None and not evaluation.storing and evaluation.deadline <= now:
        return evaluation_deadline(state, evaluation)
    return unchanged(state)


def next_deadline(state: RunState) -> datetime | None:
    """When the run next needs a tick or, while waiting for a cohort, a fresh list of clients."""
    return min((time for line in every_line(state) for time in _deadlines(line)), default=None)


def _deadlines(state: RunState) -> list[datetime]:
    times = [entry.settle_at for entry in state.settling]
    times += [item.deadline for item in state.placements]
    current, evaluation = state.round, state.evaluation
    if current is not None and current.deadline is not None and _timed(current.phase):
        times.append(current.deadline)
    if evaluation is not None and not evaluation.storing:
        times.append(evaluation.deadline)
    patience = given_up_at(state)
    return times if patience is None else [*times, patience]


def _timed(phase: RoundPhase) -> bool:
    return phase in {RoundPhase.WAITING, RoundPhase.BACKING_OFF, RoundPhase.COLLECTING}


def effect_delayed(state: RunState, event: EffectDelayed, now: datetime) -> Decision:
    """Remembers what stands in the way, for people; repeats change nothing.

    An empty reason says that the effect succeeded after all. What goes on beside the round never
    hides what the round itself waits for.
    """
    known = state.trouble
    if known is not None and event.effect in _BESIDE and known.effect not in _BESIDE:
        return unchanged(state)
    if not event.reason:
        over = known is not None and known.effect == event.effect
        return (replace(state, trouble=None), ()) if over else unchanged(state)
    since = now
    if known is not None and (known.effect, known.reason) == (event.effect, event.reason):
        since = known.since
    trouble = Trouble(event.effect, event.reason, since, event.spool)
    return (state if trouble == known else replace(state, trouble=trouble)), ()


_BESIDE = frozenset({"watch_round", "settle_round", "void_round"})

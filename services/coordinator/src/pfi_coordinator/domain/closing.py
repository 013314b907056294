"""From a sealed round to the next one."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.collecting import quorum_missed
from pfi_coordinator.domain.deadlines import observed_round
from pfi_coordinator.domain.decision import (
    Decision,
    abort_attempt,
    ended,
    expects,
    keep_receipts,
    unchanged,
    waiting_round,
    with_round,
)
from pfi_coordinator.domain.effects import (
    CancelTasks,
    Effect,
    FinalizeRound,
    ReduceRound,
    SettleRound,
    VoidRound,
)
from pfi_coordinator.domain.evaluating import begin_evaluation
from pfi_coordinator.domain.events import (
    PiecesReduced,
    RoundAborted,
    RoundPublished,
    RoundReduced,
    RoundSealed,
)
from pfi_coordinator.domain.partition import begin_partition, ends_probe
from pfi_coordinator.domain.retrying import may_try_again, next_attempt
from pfi_coordinator.domain.selection_utility import paced
from pfi_coordinator.domain.state import Failure, RoundPhase, RoundState, RunPhase, RunState

_NO_CAUSE = Failure("INTERNAL", "the attempt was aborted without a recorded cause")


def round_sealed(state: RunState, event: RoundSealed, now: datetime) -> Decision:
    """Takes the aggregator's counted set for the truth and has it merged.

    It may count clients that are not of the cohort: their tickets prove that they were selected,
    and a store that lost its last moments may have had others selected since.
    """
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.SEALING):
        return unchanged(state)
    counted = frozenset(event.counted)
    left_out = (current.open | current.committed) - counted
    sealed = replace(
        current.entered(RoundPhase.FINALIZING, now),
        open=frozenset(),
        committed=counted,
        closed=current.cohort - counted,
        counted=len(counted),
        sealed_at=now,
    )
    if len(counted) < state.rules.minimum:
        return abort_attempt(with_round(state, sealed), quorum_missed(state, sealed), now)
    sealed, effects = _going_on(sealed, event.pieces, now)
    if left_out:
        # An abort may cancel tasks as well, before this effect is carried out.
        wave = len(current.replacements) + 1
        late = CancelTasks(current.number, current.attempt, tuple(sorted(left_out)), wave)
        effects = (late, *effects)
    return with_round(state, sealed), effects


def _going_on(
    sealed: RoundState, pieces: int, now: datetime
) -> tuple[RoundState, tuple[Effect, ...]]:
    """Has the round merged; before that, what other spools and workers have to do for it."""
    if len(sealed.spools) > 1 or pieces:
        reducing = replace(sealed.entered(RoundPhase.REDUCING, now), pieces=pieces)
        return reducing, (ReduceRound(sealed.number, sealed.attempt),)
    return sealed, (FinalizeRound(sealed.number, sealed.attempt),)


def pieces_reduced(state: RunState, event: PiecesReduced, _now: datetime) -> Decision:
    """Notes how far the workers are."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.REDUCING):
        return unchanged(state)
    trouble = state.trouble
    if trouble is not None and trouble.effect == "reduce_round":
        state = replace(state, trouble=None)
    return with_round(state, replace(current, pieces_done=event.done)), ()


def round_reduced(state: RunState, event: RoundReduced, now: datetime) -> Decision:
    """Has the round merged."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.REDUCING):
        return unchanged(state)
    reduced = replace(current.entered(RoundPhase.FINALIZING, now), pieces_done=current.pieces)
    return with_round(state, reduced), (FinalizeRound(current.number, current.attempt),)


def round_published(state: RunState, event: RoundPublished, now: datetime) -> Decision:
    """Records the version and goes on: to the next round, the clusters or the evaluation."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.FINALIZING):
        return unchanged(state)
    published = replace(
        current.entered(RoundPhase.PUBLISHED, now),
        published_at=event.adapter.published_at,
        merge_seconds=event.merge_seconds,
        adapter_digest=event.adapter.digest,
    )
    moved = replace(
        state,
        base=event.adapter,
        participants=state.participants | current.committed,
        unwilling=frozenset(),
        round=None,
        last_round=_archived(published),
        trouble=None,
    )
    moved = _learnt(moved, current)
    moved, settling = keep_receipts(moved, published, now)
    if ends_probe(state, current.number):
        grouping, effects = begin_partition(moved, now)
        return grouping, (*settling, *effects)
    if current.number < state.rules.rounds:
        return waiting_round(moved, current.number + 1, 1, now), settling
    if moved.paused_since is not None:
        return moved, settling
    evaluated, effects = begin_evaluation(moved, now)
    return evaluated, (*settling, *effects)


def round_aborted(state: RunState, event: RoundAborted, now: datetime) -> Decision:
    """Tries the round again after a pause, or ends the run when it was tried often enough."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.ABORTING):
        return unchanged(state)
    aborted = current.entered(RoundPhase.ABORTED, now)
    left = replace(state, round=None, last_round=_archived(aborted), trouble=None)
    left = observed_round(left, current)
    later: tuple[Effect, ...] = ()
    if event.unaware:
        later = (VoidRound(current.number, current.attempt, event.unaware),)
    if state.phase is RunPhase.RUNNING and may_try_again(state, current):
        return next_attempt(left, current, now), later
    if state.phase is RunPhase.RUNNING:
        left = ended(left, RunPhase.FAILED, now, current.cause or _NO_CAUSE)
    return left, (*later, SettleRound(current.number, current.attempt))


def _learnt(state: RunState, current: RoundState) -> RunState:
    """Remembers what the round says about deadlines and, to a policy that asks, about utility."""
    observed, rules = observed_round(state, current), state.rules.selection
    if rules.policy != "utility" or not current.reports:
        return observed
    mean = current.utility / current.reports
    pacer = paced(state.pacer, rules.utility, current.number, mean)
    return replace(observed, pacer=pacer)


def _archived(current: RoundState) -> RoundState:
    nobody: frozenset[str] = frozenset()
    return replace(
        current, open=nobody, committed=nobody, closed=nobody, reported=nobody, watched=nobody
    )

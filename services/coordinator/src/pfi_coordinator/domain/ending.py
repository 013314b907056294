"""Ends that are not the plan: a person cancels, clients are revoked, effects cannot succeed."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.closing import round_aborted
from pfi_coordinator.domain.collecting import judge, without
from pfi_coordinator.domain.decision import (
    Decision,
    abort_attempt,
    ended,
    settle,
    then,
    unchanged,
    with_round,
)
from pfi_coordinator.domain.effects import CancelEvaluation, Effect, SettleRound
from pfi_coordinator.domain.evaluating import stop_waiting, store_evaluation
from pfi_coordinator.domain.events import (
    CancelRequested,
    ClientsRevoked,
    EffectFailed,
    RoundAborted,
)
from pfi_coordinator.domain.state import Failure, RoundPhase, RunPhase, RunState

_CANCELLED = Failure("RUN_ENDED", "the run was cancelled")


def cancel_requested(state: RunState, _event: CancelRequested, now: datetime) -> Decision:
    """Ends the run at once for its user; open tasks and the open attempt are taken back."""
    if state.phase.ended:
        return unchanged(state)
    effects = _evaluation_taken_back(state)
    stopped, settled = settle(ended(state, RunPhase.CANCELLED, now), state.settling)
    stopped, aborted = _attempt_taken_back(stopped, now)
    return stopped, (*effects, *settled, *aborted)


def clients_revoked(state: RunState, event: ClientsRevoked, now: datetime) -> Decision:
    """Abandons what these clients still owe; updates that are committed count."""
    gone = frozenset(event.clients)
    if state.phase is RunPhase.EVALUATING:
        return stop_waiting(state, gone)
    current = state.round
    if current is None or not gone & current.open:
        return unchanged(state)
    return judge(with_round(state, without(current, gone)), now)


def effect_failed(state: RunState, event: EffectFailed, now: datetime) -> Decision:
    """Gives up what can never succeed: the attempt, the evaluation, or the run."""
    failure = Failure(event.reason, event.message)
    if event.effect == "create_initial_adapter" and state.phase is RunPhase.PENDING:
        return ended(state, RunPhase.FAILED, now, failure), ()
    if event.effect == "store_evaluation" and state.phase is RunPhase.EVALUATING:
        return ended(state, RunPhase.FAILED, now, failure), ()
    if event.effect == "dispatch_evaluation" and state.phase is RunPhase.EVALUATING:
        return store_evaluation(state)
    return _attempt_failed(state, event, failure, now)


def _attempt_failed(
    state: RunState, event: EffectFailed, failure: Failure, now: datetime
) -> Decision:
    current = state.round
    if current is None or (current.number, current.attempt) != (event.number, event.attempt):
        return unchanged(state)
    if current.phase is RoundPhase.ABORTING:
        # An attempt that the aggregator does not know any more is as void as one that it aborted.
        gone = RoundAborted(event.number, event.attempt)
        return round_aborted(state, gone, now) if event.effect == "abort_round" else (state, ())
    if not _stops_attempt(event.effect, current.phase):
        return unchanged(state)
    return abort_attempt(state, failure, now)


def _stops_attempt(effect: str, phase: RoundPhase) -> bool:
    return phase is {
        "open_round": RoundPhase.OPENING,
        "dispatch_tasks": RoundPhase.COLLECTING,
        "watch_round": RoundPhase.COLLECTING,
        "seal_round": RoundPhase.SEALING,
        "finalize_round": RoundPhase.FINALIZING,
    }.get(effect)


def _evaluation_taken_back(state: RunState) -> tuple[Effect, ...]:
    evaluation = state.evaluation
    if evaluation is None or evaluation.storing or not evaluation.waiting:
        return ()
    return (CancelEvaluation(state.rules.rounds, tuple(sorted(evaluation.waiting))),)


def _attempt_taken_back(state: RunState, now: datetime) -> Decision:
    current = state.round
    if current is None or current.phase is RoundPhase.ABORTING:
        return unchanged(state)
    if current.phase is not RoundPhase.WAITING:
        return abort_attempt(state, _CANCELLED, now)
    left = replace(state, round=None)
    if current.attempt == 1:
        return left, ()
    return then((left, ()), SettleRound(current.number, current.attempt - 1))

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
from pfi_coordinator.domain.effects import SettleRound
from pfi_coordinator.domain.evaluating import (
    evaluation_taken_back,
    stop_waiting,
    store_evaluation,
)
from pfi_coordinator.domain.events import (
    CancelRequested,
    ClientsPartitioned,
    ClientsRevoked,
    EffectFailed,
    RoundAborted,
)
from pfi_coordinator.domain.partition import clients_partitioned
from pfi_coordinator.domain.placing import clients_unasked, placements_taken_back
from pfi_coordinator.domain.state import (
    Failure,
    PartitionPhase,
    RoundPhase,
    RunPhase,
    RunState,
)

_CANCELLED = Failure("RUN_ENDED", "the run was cancelled")
_DESERTED = Failure("QUORUM_NOT_REACHED", "every client of the cluster was revoked")


def cancel_requested(state: RunState, _event: CancelRequested, now: datetime) -> Decision:
    """Ends the run at once for its user; open tasks and the open attempt are taken back."""
    if state.phase.ended:
        return unchanged(state)
    asked, late = placements_taken_back(state)
    effects = evaluation_taken_back(state)
    stopped, settled = settle(ended(asked, RunPhase.CANCELLED, now), state.settling)
    stopped, aborted = _attempt_taken_back(stopped, _CANCELLED, now)
    return stopped, (*effects, *late, *settled, *aborted)


def clients_revoked(state: RunState, event: ClientsRevoked, now: datetime) -> Decision:
    """Abandons what these clients still owe; updates that are committed count."""
    gone = frozenset(event.clients)
    left = _left(state, gone)
    if left.phase is RunPhase.EVALUATING:
        return stop_waiting(left, gone)
    if left.phase is RunPhase.RUNNING and state.members and not left.members:
        return _attempt_taken_back(ended(left, RunPhase.FAILED, now, _DESERTED), _DESERTED, now)
    current = left.round
    if current is None or not gone & current.open:
        return unchanged(left)
    return judge(with_round(left, without(current, gone)), now)


def _left(state: RunState, gone: frozenset[str]) -> RunState:
    """Forgets clients as members of a cluster, or of one that is still to be formed."""
    partition = state.partition
    if partition is not None and partition.phase is PartitionPhase.PENDING:
        partition = replace(partition, gone=partition.gone | gone)
    return replace(
        clients_unasked(state, gone),
        members=state.members - gone,
        placed=state.placed - gone,
        partition=partition,
    )


def effect_failed(state: RunState, event: EffectFailed, now: datetime) -> Decision:
    """Gives up what can never succeed: the attempt, the evaluation, or the run."""
    failure = Failure(event.reason, event.message)
    if event.effect == "create_initial_adapter" and state.phase is RunPhase.PENDING:
        return ended(state, RunPhase.FAILED, now, failure), ()
    if event.effect == "store_evaluation" and state.phase is RunPhase.EVALUATING:
        return ended(state, RunPhase.FAILED, now, failure), ()
    if event.effect == "dispatch_evaluation" and state.phase is RunPhase.EVALUATING:
        return store_evaluation(state)
    if event.effect == "partition_clients":
        reason = f"the clients could not be grouped: {event.message}"
        return clients_partitioned(state, ClientsPartitioned((), None, reason), now)
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
        "reduce_round": RoundPhase.REDUCING,
        "finalize_round": RoundPhase.FINALIZING,
    }.get(effect)


def _attempt_taken_back(state: RunState, cause: Failure, now: datetime) -> Decision:
    current = state.round
    if current is None or current.phase is RoundPhase.ABORTING:
        return unchanged(state)
    if current.phase not in {RoundPhase.WAITING, RoundPhase.BACKING_OFF}:
        return abort_attempt(state, cause, now)
    left = replace(state, round=None)
    if current.attempt == 1:
        return left, ()
    return then((left, ()), SettleRound(current.number, current.attempt - 1))

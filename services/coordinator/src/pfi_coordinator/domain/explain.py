"""Why a run is where it is: what it waits for, what would unblock it, and what happens when."""

from dataclasses import replace
from datetime import datetime

from pfi_common.counting import counted
from pfi_common.errors import SpoolUnavailableError
from pfi_coordinator.domain.explain_round import explain_round, time_text
from pfi_coordinator.domain.partition import partition_pending
from pfi_coordinator.domain.pausing import rests
from pfi_coordinator.domain.retrying import may_try_again
from pfi_coordinator.domain.spools import given_up_at
from pfi_coordinator.domain.state import (
    EvaluationState,
    PartitionState,
    RunPhase,
    RunState,
    Trouble,
)
from pfi_coordinator.domain.why import WaitReason, Why

_OVER = {
    RunPhase.COMPLETED: "nothing; `pfi run extend` gives it more rounds",
    RunPhase.FAILED: "nothing; `pfi run restart` goes on from one of its adapters as a new run",
    RunPhase.CANCELLED: "nothing; `pfi run restart` goes on from one of its adapters as a new run",
}


def explain(state: RunState) -> Why:
    """Explains the state that a run is in."""
    if state.paused_since is None:
        return _with_trouble(state)
    if rests(state):
        return _paused(state, state.paused_since)
    why = _with_trouble(state)
    return replace(why, next=f"{why.next}, but nothing new is opened: the run is paused")


def _with_trouble(state: RunState) -> Why:
    why = _plain(state)
    trouble = state.trouble
    if trouble is None:
        return why
    where = f", {trouble.spool}" if trouble.spool else ""
    patience = given_up_at(state)
    return Why(
        waiting_for=f"{why.waiting_for} (delayed: {trouble.reason}{where})",
        since=trouble.since,
        unblocks=_remedy(trouble),
        next=why.next if patience is None else _elsewhere(state, patience),
        reason=WaitReason.SPOOL if _waits_for_spool(trouble) else WaitReason.TROUBLE,
        due=patience,
    )


def _paused(state: RunState, since: datetime) -> Why:
    current = state.round
    following = "what was held back begins"
    if current is not None:
        following = f"round {current.number} of {state.rules.rounds} waits for its cohort"
    return Why(
        "somebody to resume it: the run is paused, and nothing of it is open",
        since,
        f"`pfi run resume {state.run}`",
        following,
        WaitReason.PAUSED,
    )


def _waits_for_spool(trouble: Trouble) -> bool:
    return bool(trouble.spool) and trouble.reason == SpoolUnavailableError.reason


def _remedy(trouble: Trouble) -> str:
    if _waits_for_spool(trouble):
        return (
            f"the aggregator of {trouble.spool} answers again; the platform asks until it does, "
            "and who uploads to it tries again by itself"
        )
    return (
        f"the platform repeats `{trouble.effect}` until it succeeds; "
        f"look up {trouble.reason} in the error reference if it lasts"
    )


def _elsewhere(state: RunState, patience: datetime) -> str:
    attempts_left = state.round is not None and may_try_again(state, state.round)
    after = "opened again on the spools that answer" if attempts_left else "not tried again"
    return f"at {time_text(patience)} the attempt is aborted, and the round is {after}"


def _plain(state: RunState) -> Why:
    if state.partition is not None and partition_pending(state):
        return _partition(state.partition)
    if state.lines and state.phase is RunPhase.RUNNING:
        return _lines(state)
    if state.round is not None:
        return explain_round(state, state.round)
    if state.evaluation is not None:
        return _evaluation(state, state.evaluation)
    if state.phase is RunPhase.PENDING:
        return Why(
            "version 0 of the adapter",
            state.since,
            "the aggregator makes and publishes it",
            "round 1 begins",
            WaitReason.INITIAL_ADAPTER,
        )
    message = "" if state.failure is None else f": {state.failure.message}"
    return Why(
        f"nothing, the run is {state.phase}{message}",
        state.since,
        _OVER[state.phase],
        "nothing",
        WaitReason.NOTHING,
    )


def _partition(pending: PartitionState) -> Why:
    return Why(
        "the clients of the probe round to be grouped by their updates",
        pending.since,
        "a worker of the queue pfi.cluster computes the groups; the job is sent again when none "
        "answers",
        "one line begins for each cluster, or the run goes on as one line when there are none",
        WaitReason.WORKERS,
    )


def _lines(state: RunState) -> Why:
    """Explains the line that has been in trouble, or else waiting, longest; counts the others."""
    at_work = [line for line in state.lines if not line.phase.ended]
    if state.paused_since is not None:
        at_work = [line for line in at_work if not rests(line)] or at_work
    reasons = [(line, _with_trouble(line)) for line in at_work]
    line, why = min(reasons, key=lambda item: (item[0].trouble is None, item[1].since))
    return replace(
        why,
        waiting_for=f"{line.line}: {why.waiting_for}{_others(len(at_work) - 1)}",
        next=f"{why.next}; the run ends when its last line ends",
    )


def _others(count: int) -> str:
    verb = "is" if count == 1 else "are"
    return f" (and {counted(count, 'other line')} {verb} at work)" if count else ""


def _evaluation(state: RunState, evaluation: EvaluationState) -> Why:
    if evaluation.storing:
        return Why(
            "the evaluation to be stored",
            state.since,
            "artifacts answer",
            "the run is completed",
            WaitReason.EVALUATION,
        )
    return Why(
        f"the closing evaluation of {len(evaluation.waiting)} of "
        f"{counted(len(state.participants), 'client')}",
        state.since,
        "these clients connect and answer",
        f"with the last answer, or at {time_text(evaluation.deadline)}, the run is completed",
        WaitReason.EVALUATION,
        evaluation.deadline,
    )

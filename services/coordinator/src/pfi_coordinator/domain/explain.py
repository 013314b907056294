"""Why a run is where it is: what it waits for, what would unblock it, and what happens when."""

from dataclasses import dataclass
from datetime import datetime

from pfi_common.counting import counted
from pfi_common.errors import SpoolUnavailableError
from pfi_common.spec import acceptable_uploads
from pfi_coordinator.domain.partition import partition_pending
from pfi_coordinator.domain.rules import MAXIMUM_ATTEMPTS
from pfi_coordinator.domain.spools import given_up_at
from pfi_coordinator.domain.state import (
    EvaluationState,
    PartitionState,
    RoundPhase,
    RoundState,
    RunPhase,
    RunState,
    Trouble,
)


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for people, in full sentences without a full stop."""

    waiting_for: str
    since: datetime
    unblocks: str
    next: str


def explain(state: RunState) -> Why:
    """Explains the state that a run is in."""
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
    )


def _remedy(trouble: Trouble) -> str:
    if trouble.spool and trouble.reason == SpoolUnavailableError.reason:
        return (
            f"the aggregator of {trouble.spool} answers again; the platform asks until it does, "
            "and who uploads to it tries again by itself"
        )
    return (
        f"the platform repeats `{trouble.effect}` until it succeeds; "
        f"look up {trouble.reason} in the error reference if it lasts"
    )


def _elsewhere(state: RunState, patience: datetime) -> str:
    attempts_left = state.round is not None and state.round.attempt < MAXIMUM_ATTEMPTS
    after = "opened again on the spools that answer" if attempts_left else "not tried again"
    return f"at {_time(patience)} the attempt is aborted, and the round is {after}"


def _plain(state: RunState) -> Why:
    if state.partition is not None and partition_pending(state):
        return _partition(state.partition)
    if state.lines and state.phase is RunPhase.RUNNING:
        return _lines(state)
    if state.round is not None:
        return _round(state, state.round)
    if state.evaluation is not None:
        return _evaluation(state, state.evaluation)
    if state.phase is RunPhase.PENDING:
        return Why(
            "version 0 of the adapter",
            state.since,
            "the aggregator makes and publishes it",
            "round 1 begins",
        )
    message = "" if state.failure is None else f": {state.failure.message}"
    return Why(f"nothing, the run is {state.phase}{message}", state.since, "nothing", "nothing")


def _partition(pending: PartitionState) -> Why:
    return Why(
        "the clients of the probe round to be grouped by their updates",
        pending.since,
        "a worker of the queue pfi.cluster computes the groups; the job is sent again when none "
        "answers",
        "one line begins for each cluster, or the run goes on as one line when there are none",
    )


def _lines(state: RunState) -> Why:
    """Explains the line that has been in trouble, or else waiting, longest; counts the others."""
    at_work = [line for line in state.lines if not line.phase.ended]
    reasons = [(line, explain(line)) for line in at_work]
    line, why = min(reasons, key=lambda item: (item[0].trouble is None, item[1].since))
    return Why(
        f"{line.line}: {why.waiting_for}{_others(len(at_work) - 1)}",
        why.since,
        why.unblocks,
        f"{why.next}; the run ends when its last line ends",
    )


def _others(count: int) -> str:
    verb = "is" if count == 1 else "are"
    return f" (and {counted(count, 'other line')} {verb} at work)" if count else ""


def _round(state: RunState, current: RoundState) -> Why:
    where = f"round {current.number} of {state.rules.rounds}, attempt {current.attempt}"
    if current.phase is RoundPhase.WAITING:
        return _waiting(state, current, where)
    if current.phase is RoundPhase.COLLECTING:
        return _collecting(state, current, where)
    if current.phase is RoundPhase.REDUCING and current.pieces:
        return _reducing(current, where)
    steps = {
        RoundPhase.OPENING: ("to be opened", "clients get their tasks"),
        RoundPhase.SEALING: ("to be sealed", "the counted updates are merged"),
        RoundPhase.REDUCING: ("to be summed by each of its spools", "the sums are merged"),
        RoundPhase.FINALIZING: ("to be merged and published", "the next round begins"),
        RoundPhase.ABORTING: ("to be aborted", _after_abort(state, current)),
    }
    waiting, following = steps[current.phase]
    return Why(f"{where} {waiting}", current.since, "the aggregator answers", following)


def _waiting(state: RunState, current: RoundState, where: str) -> Why:
    patience = (
        ""
        if current.deadline is None
        else f" (from {_time(current.deadline)} on {_enough(state.rules.minimum)})"
    )
    return Why(
        f"{counted(state.rules.size, 'eligible client')}{_of_cluster(state)} for {where}"
        f"{patience}; {_there(state.eligible)}",
        current.since,
        "agents connect that are ready, have rows to train on and support "
        f"{_any_of(acceptable_uploads(state.rules.encoding))}",
        f"up to {state.rules.selected_count} of them are selected and the round is opened",
    )


def _any_of(encodings: tuple[str, ...]) -> str:
    if len(encodings) == 1:
        return f"the upload encoding {encodings[0]}"
    return f"one of the upload encodings {', '.join(encodings[:-1])} or {encodings[-1]}"


def _enough(count: int) -> str:
    return f"{count} {'is' if count == 1 else 'are'} enough"


def _of_cluster(state: RunState) -> str:
    return f" of the cluster's {len(state.members)}" if state.members else ""


def _collecting(state: RunState, current: RoundState, where: str) -> Why:
    return Why(
        f"{counted(state.rules.size, 'committed update')} of {where}; "
        f"{_there(len(current.committed))}, and {_still_working(len(current.open))}",
        current.since,
        "clients finish, or give their task back",
        f"with {counted(state.rules.size, 'update')} the round is sealed; at "
        f"{_time(current.deadline)} it is sealed with at least {state.rules.minimum}, or "
        f"{_after_abort(state, current)}",
    )


def _reducing(current: RoundState, where: str) -> Why:
    queue = f"pfi.spool.{current.spools[0]}" if current.spools else "of the round's spool"
    return Why(
        f"workers to reduce {where}; {current.pieces_done} of "
        f"{counted(current.pieces, 'piece')} are there",
        current.since,
        f"a worker of the queue {queue} computes the others; what is missing is sent again when "
        "none comes for a while",
        "the round is merged and published",
    )


def _there(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count}"


def _still_working(count: int) -> str:
    return f"{counted(count, 'client')} still {'works' if count == 1 else 'work'}"


def _after_abort(state: RunState, current: RoundState) -> str:
    if state.phase.ended:
        return "everything of the round is deleted"
    if current.attempt < MAXIMUM_ATTEMPTS:
        return f"the round is tried again (at most {MAXIMUM_ATTEMPTS} attempts)"
    return "the run fails"


def _evaluation(state: RunState, evaluation: EvaluationState) -> Why:
    if evaluation.storing:
        return Why(
            "the evaluation to be stored", state.since, "artifacts answer", "the run is completed"
        )
    return Why(
        f"the closing evaluation of {len(evaluation.waiting)} of "
        f"{counted(len(state.participants), 'client')}",
        state.since,
        "these clients connect and answer",
        f"with the last answer, or at {_time(evaluation.deadline)}, the run is completed",
    )


def _time(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else moment.isoformat(timespec="seconds")

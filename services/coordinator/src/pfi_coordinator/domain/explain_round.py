"""Why an attempt of a round is where it is."""

from datetime import datetime

from pfi_common.counting import counted
from pfi_common.spec import acceptable_uploads
from pfi_coordinator.domain.explain_demands import demands_text, unmet_text
from pfi_coordinator.domain.retrying import BROKEN_OFF, may_try_again, retry_seconds
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunState
from pfi_coordinator.domain.why import WaitReason, Why


def explain_round(state: RunState, current: RoundState) -> Why:
    """Explains what an attempt waits for."""
    where = f"round {current.number} of {state.rules.rounds}, attempt {current.attempt}"
    if current.phase is RoundPhase.WAITING:
        return _waiting(state, current, where)
    if current.phase is RoundPhase.BACKING_OFF:
        return _backing_off(state, current, where)
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
    return Why(
        f"{where} {waiting}",
        current.since,
        "the aggregator answers",
        following,
        WaitReason.AGGREGATOR,
    )


def _backing_off(state: RunState, current: RoundState, where: str) -> Why:
    cause = "" if current.cause is None else f"; the one before failed: {current.cause.message}"
    return Why(
        f"the time of {where}{cause}",
        current.since,
        f"at {time_text(current.deadline)} it begins by itself",
        f"eligible clients are selected for it (at most {state.rules.attempts} attempts may fail)",
        WaitReason.BACK_OFF,
        current.deadline,
    )


def _waiting(state: RunState, current: RoundState, where: str) -> Why:
    patience = (
        ""
        if current.deadline is None
        else f" (from {time_text(current.deadline)} on {_enough(state.rules.minimum)})"
    )
    return Why(
        f"{counted(state.rules.size, 'eligible client')}{_of_cluster(state)} for {where}"
        f"{patience}; {_there(state.eligible)}{unmet_text(state)}",
        current.since,
        "agents connect that are ready, have rows to train on and support "
        f"{_any_of(acceptable_uploads(state.rules.encoding))}"
        f"{demands_text(state.rules.demands)}",
        f"up to {state.rules.selected_count} of them are selected and the round is opened",
        WaitReason.CLIENTS,
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
        f"{time_text(current.deadline)}{_derived(state, current)} it is sealed with at least "
        f"{state.rules.minimum}, or {_after_abort(state, current)}",
        WaitReason.UPDATES,
        current.deadline,
    )


def _derived(state: RunState, current: RoundState) -> str:
    """Says where a deadline comes from that nobody gave."""
    derived = state.rules.derived is not None and current.deadline_from
    return f" ({current.deadline_from})" if derived else ""


def _reducing(current: RoundState, where: str) -> Why:
    queue = f"pfi.spool.{current.spools[0]}" if current.spools else "of the round's spool"
    return Why(
        f"workers to reduce {where}; {current.pieces_done} of "
        f"{counted(current.pieces, 'piece')} are there",
        current.since,
        f"a worker of the queue {queue} computes the others; what is missing is sent again when "
        "none comes for a while",
        "the round is merged and published",
        WaitReason.WORKERS,
    )


def _there(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count}"


def _still_working(count: int) -> str:
    return f"{counted(count, 'client')} still {'works' if count == 1 else 'work'}"


def _after_abort(state: RunState, current: RoundState) -> str:
    if state.phase.ended:
        return "everything of the round is deleted"
    if current.cause == BROKEN_OFF:
        return "the round is tried again when the run is resumed"
    if not may_try_again(state, current):
        return "the run fails"
    pause = retry_seconds(state, current)
    later = f" after a pause of {pause:.0f} s" if pause else ""
    return f"the round is tried again{later} (at most {state.rules.attempts} attempts)"


def time_text(moment: datetime | None) -> str:
    """Writes a moment."""
    return "an unknown time" if moment is None else moment.isoformat(timespec="seconds")

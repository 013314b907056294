"""A round that failed is tried again: after a pause that grows, and not for ever."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from pfi_coordinator.domain.decision import Decision, unchanged, waiting_round
from pfi_coordinator.domain.state import Failure, RoundPhase, RoundState, RunState

BROKEN_OFF = Failure("ATTEMPT_VOIDED", "the run was paused at once")
"""Cause of an attempt that a person broke off; it was no failure."""

_JITTER = 0.2
"""Share by which a pause is shorter or longer, so that runs do not come back together."""


@dataclass(frozen=True, slots=True)
class RetryPauses:
    """How long a round that failed rests before it is tried again.

    Attributes:
        first_seconds: After its first failure; 0 for no pause. It doubles with every further one.
        most_seconds: Longest pause.
    """

    first_seconds: float = 5.0
    most_seconds: float = 300.0


AT_ONCE = RetryPauses(first_seconds=0.0)
"""No pauses."""


def may_try_again(state: RunState, aborted: RoundState) -> bool:
    """Whether the round of an aborted attempt has attempts left."""
    return failures(aborted) < state.rules.attempts


def failures(aborted: RoundState) -> int:
    """Gives how many attempts of a round have failed, with this aborted one."""
    return aborted.attempt - _forgiven(aborted)


def next_attempt(state: RunState, aborted: RoundState, now: datetime) -> RunState:
    """Begins the attempt after an aborted one; after a failure it backs off first."""
    number, attempt, forgiven = aborted.number, aborted.attempt + 1, _forgiven(aborted)
    pause = retry_seconds(state, aborted)
    if aborted.cause == BROKEN_OFF or not pause:
        return waiting_round(state, number, attempt, now, forgiven)
    resting = RoundState(
        number,
        attempt,
        RoundPhase.BACKING_OFF,
        since=now,
        deadline=now + timedelta(seconds=pause),
        line=state.line,
        forgiven=forgiven,
        cause=aborted.cause,
    )
    return replace(state, round=resting, trouble=None)


def retry_seconds(state: RunState, aborted: RoundState) -> float:
    """Gives the pause after a failed attempt: doubling, with a jitter that the seed decides."""
    rules = state.rules
    doubled = rules.retry_first_seconds * 2.0 ** min(failures(aborted) - 1, 60)
    name = f"{rules.seed}|{state.run}|{state.line}|{aborted.number}|{aborted.attempt}"
    drawn = int.from_bytes(sha256(name.encode()).digest()[:8], "big") / 2**64
    return min(doubled, rules.retry_most_seconds) * (1 + _JITTER * (2 * drawn - 1))


def backed_off(state: RunState, current: RoundState, now: datetime) -> Decision:
    """Looks for the cohort of the next attempt once the pause is over."""
    if current.deadline is not None and now < current.deadline:
        return unchanged(state)
    return waiting_round(state, current.number, current.attempt, now, current.forgiven), ()


def _forgiven(aborted: RoundState) -> int:
    return aborted.forgiven + (aborted.cause == BROKEN_OFF)

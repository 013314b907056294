"""How long a round may take: as given, or derived from how long updates took."""

from dataclasses import dataclass, replace
from datetime import datetime

from pfi_common.counting import counted
from pfi_coordinator.domain.durations import count_of, merged, quantile_of, with_durations
from pfi_coordinator.domain.selection_rules import DerivedDeadline
from pfi_coordinator.domain.state import RoundState, RunState

OBSERVED_ROUNDS = 5
"""Rounds whose durations are remembered."""

_USUAL = 0.9
"""The quantile of durations within which a client usually finishes."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A length of time, and where it comes from, in words."""

    seconds: float
    source: str


def round_deadline_of(state: RunState) -> Deadline:
    """Gives how long the next round may collect.

    Derived, it is a multiple of a high quantile of the durations of the last rounds' updates.
    Clients that did not finish by a deadline count with that deadline, so that one which was too
    short grows.
    """
    rules, observed = state.rules, merged(state.durations)
    if rules.derived is None:
        return Deadline(rules.deadline_seconds, "given by the run")
    if not observed:
        return Deadline(rules.deadline_seconds, "the default until a round has been observed")
    seconds = rules.derived.factor * quantile_of(observed, rules.derived.quantile)
    limited = min(max(seconds, rules.derived.shortest_seconds), rules.derived.longest_seconds)
    return Deadline(limited, _source(state, rules.derived, seconds, limited))


def patience_seconds(state: RunState) -> float:
    """Gives how long answers are waited for that no round has shown the durations of."""
    return max(round_deadline_of(state).seconds, state.rules.deadline_seconds)


def leaves_time(state: RunState, current: RoundState, now: datetime) -> bool:
    """Whether a client that begins now would usually finish before the deadline.

    Until durations were observed, half of the time has to be left.
    """
    if current.opened_at is None or current.deadline is None:
        return False
    observed = merged((*state.durations, current.durations))
    needed = (
        quantile_of(observed, _USUAL)
        if observed
        else (current.deadline - current.opened_at).total_seconds() / 2
    )
    return (current.deadline - now).total_seconds() >= needed


def with_arrivals(current: RoundState, clients: frozenset[str], now: datetime) -> RoundState:
    """Notes how long the updates of these clients took.

    Only of a first attempt: later ones may upload what is trained already.
    """
    if current.attempt > 1:
        return current
    begun = (current.begun_at(client) for client in clients)
    taken = [(now - since).total_seconds() for since in begun if since is not None]
    return replace(current, durations=with_durations(current.durations, taken))


def with_misses(current: RoundState) -> RoundState:
    """Counts whoever still works at the deadline as having taken until then."""
    if current.opened_at is None or current.deadline is None:
        return current
    allowed = (current.deadline - current.opened_at).total_seconds()
    misses = [allowed] * len(current.open)
    return replace(current, durations=with_durations(current.durations, misses))


def observed_round(state: RunState, current: RoundState) -> RunState:
    """Remembers the durations of a round that ended."""
    if not current.durations:
        return state
    return replace(state, durations=(*state.durations, current.durations)[-OBSERVED_ROUNDS:])


def _source(state: RunState, derived: DerivedDeadline, seconds: float, limited: float) -> str:
    observed = merged(state.durations)
    text = (
        f"{derived.factor:g} times the {quantile_of(observed, derived.quantile):.3g} s within "
        f"which {derived.quantile:.0%} of {counted(count_of(observed), 'update')} of the last "
        f"{counted(len(state.durations), 'round')} arrived"
    )
    if limited > seconds:
        return f"{text}, but at least {limited:g} s"
    return f"{text}, but at most {limited:g} s" if limited < seconds else text

"""While clients work: commits, receipts, tasks given back, and the judgement that ends the wait."""

from dataclasses import replace
from datetime import datetime

from pfi_common.counting import counted
from pfi_coordinator.domain.deadlines import leaves_time, with_arrivals, with_misses
from pfi_coordinator.domain.decision import (
    Decision,
    abort_attempt,
    expects,
    settle,
    unchanged,
    with_round,
)
from pfi_coordinator.domain.effects import SealRound
from pfi_coordinator.domain.events import TasksFinished, TasksGivenBack, UpdatesCommitted
from pfi_coordinator.domain.state import (
    UNSETTLED,
    Failure,
    RoundPhase,
    RoundState,
    RunPhase,
    RunState,
)


def updates_committed(state: RunState, event: UpdatesCommitted, now: datetime) -> Decision:
    """Counts updates that are new; the aggregator repeats itself after a break.

    Clips and caps are also counted while the round is sealed and merged: the aggregator may have
    told of the last commits a little late.
    """
    current = state.round
    if current is None or (current.number, current.attempt) != (event.number, event.attempt):
        return unchanged(state)
    fresh = {
        update.client: update
        for update in event.updates
        if current.selected(update.client) and update.client not in current.watched
    }
    if not fresh or current.phase not in UNSETTLED:
        return unchanged(state)
    told = replace(
        current,
        watched=current.watched | frozenset(fresh),
        clipped=current.clipped + sum(update.clipped for update in fresh.values()),
        capped=current.capped + sum(update.capped for update in fresh.values()),
    )
    if current.phase is not RoundPhase.COLLECTING:
        return with_round(state, told), ()
    return judge(with_round(state, _committed(told, frozenset(fresh), now)), now)


def tasks_finished(state: RunState, event: TasksFinished, now: datetime) -> Decision:
    """Notes who has reported with a receipt, which also proves the commit."""
    current = state.round
    clients = frozenset(event.clients)
    if current is None or (current.number, current.attempt) != (event.number, event.attempt):
        return _reported_late(state, event.number, clients)
    known = frozenset(filter(current.selected, clients))
    reported = replace(_with_utility(current, event), reported=current.reported | known)
    if current.phase is not RoundPhase.COLLECTING:
        return with_round(state, reported), ()
    arrived = clients & current.open
    if arrived:
        reported = _committed(reported, arrived, now)
    return judge(with_round(state, reported), now)


def tasks_given_back(state: RunState, event: TasksGivenBack, now: datetime) -> Decision:
    """Stops waiting for these clients; a reopened attempt asks them last."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.COLLECTING):
        return unchanged(state)
    leaving = frozenset(event.clients) & current.open
    if not leaving:
        return unchanged(state)
    unwilling = replace(state, unwilling=state.unwilling | leaving)
    return judge(with_round(unwilling, without(current, leaving)), now)


def without(current: RoundState, leaving: frozenset[str]) -> RoundState:
    """Closes the open tasks of these clients."""
    gone = leaving & current.open
    return replace(current, open=current.open - gone, closed=current.closed | gone)


def judge(state: RunState, now: datetime) -> Decision:
    """Seals, aborts or goes on waiting, by the counts alone.

    While others may take the places of those that dropped out, nothing is given up: whoever shows
    the clients that are there, or says that there are none, lets the round be judged.
    """
    current = state.round
    if current is None or current.phase is not RoundPhase.COLLECTING:
        return unchanged(state)
    if needs_replacements(state) and leaves_time(state, current, now):
        return unchanged(state)
    return judge_without_others(state, current, now)


def needs_replacements(state: RunState) -> bool:
    """Whether others are to be selected for an open round that would miss its size."""
    current = state.round
    if current is None or not keeps_cohort(state):
        return False
    return len(current.committed) + len(current.open) < state.rules.size


def keeps_cohort(state: RunState) -> bool:
    """Whether a round is open in which others may take the places of clients.

    Whose place was taken may commit its update all the same, so that more come than the round may
    count. A spool refuses those beyond; several spools would notice only when they are merged.
    """
    return (
        state.rules.selection.replace
        and state.phase is RunPhase.RUNNING
        and state.round is not None
        and state.round.phase is RoundPhase.COLLECTING
        and len(state.round.spools) <= 1
    )


def judge_without_others(state: RunState, current: RoundState, now: datetime) -> Decision:
    """Seals, aborts or goes on waiting for the clients that work."""
    committed, still_open = len(current.committed), len(current.open)
    if committed >= state.rules.size or (not still_open and committed >= state.rules.minimum):
        return seal(state, current, now)
    if committed + still_open < state.rules.minimum:
        return abort_attempt(state, quorum_missed(state, current), now)
    return unchanged(state)


def round_deadline(state: RunState, current: RoundState, now: datetime) -> Decision:
    """Seals with the minimum, or aborts."""
    current = with_misses(current)
    state = with_round(state, current)
    if len(current.committed) >= state.rules.minimum:
        return seal(state, current, now)
    return abort_attempt(state, quorum_missed(state, current), now)


def seal(state: RunState, current: RoundState, now: datetime) -> Decision:
    """Asks for the counted set to be fixed."""
    sealing = with_round(state, current.entered(RoundPhase.SEALING, now))
    return sealing, (SealRound(current.number, current.attempt),)


def quorum_missed(state: RunState, current: RoundState) -> Failure:
    """Says how many updates were missing."""
    return Failure(
        "QUORUM_NOT_REACHED",
        f"round {current.number}, attempt {current.attempt}: {len(current.committed)} of at least "
        f"{counted(state.rules.minimum, 'update')} arrived; given back or revoked: "
        f"{counted(len(current.closed), 'task')}, {len(current.open)} did not finish in time",
    )


def _with_utility(current: RoundState, event: TasksFinished) -> RoundState:
    """Adds the utilities that clients of the cohort report for the first time."""
    told = [item.utility for item in event.reports if _is_news(current, item.client)]
    known = [utility for utility in told if utility is not None]
    if not known:
        return current
    return replace(
        current, utility=current.utility + sum(known), reports=current.reports + len(known)
    )


def _is_news(current: RoundState, client: str) -> bool:
    return current.selected(client) and client not in current.reported


def _committed(current: RoundState, clients: frozenset[str], now: datetime) -> RoundState:
    return replace(
        with_arrivals(current, clients - current.committed, now),
        open=current.open - clients,
        closed=current.closed if current.closed.isdisjoint(clients) else current.closed - clients,
        committed=current.committed | clients,
    )


def _reported_late(state: RunState, number: int, clients: frozenset[str]) -> Decision:
    entries = tuple(
        replace(entry, awaiting=entry.awaiting - clients) if entry.number == number else entry
        for entry in state.settling
    )
    if entries == state.settling:
        return unchanged(state)
    due = tuple(entry for entry in entries if not entry.awaiting)
    return settle(replace(state, settling=entries), due)

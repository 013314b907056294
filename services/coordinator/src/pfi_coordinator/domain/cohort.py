"""From waiting for a cohort to an open round."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pfi_coordinator.domain.collecting import judge
from pfi_coordinator.domain.deadlines import round_deadline_of
from pfi_coordinator.domain.decision import Decision, expects, unchanged, with_round
from pfi_coordinator.domain.effects import DispatchTasks, OpenRound
from pfi_coordinator.domain.events import ClientsEligible, RoundOpened
from pfi_coordinator.domain.lines import selectable
from pfi_coordinator.domain.placing import place_newcomers
from pfi_coordinator.domain.replacing import choice_of, dropouts_replaced
from pfi_coordinator.domain.selection import select_cohort
from pfi_coordinator.domain.spools import on_spools
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunPhase, RunState


def clients_eligible(state: RunState, event: ClientsEligible, now: datetime) -> Decision:
    """Selects a cohort when enough clients are there; asks new ones where they belong.

    Enough is the cohort size; after the deadline's length of waiting the minimum suffices.
    """
    if state.lines:
        return place_newcomers(state, event.clients, now)
    current = state.round
    if current is not None and current.phase is RoundPhase.COLLECTING:
        return dropouts_replaced(state, current, event, now)
    if not needs_clients(state) or current is None:
        return unchanged(state)
    clients = selectable(state, event.clients)
    count = len(clients)
    # The deadline may have come, and few clients be enough, since nobody saw a reason to ask.
    unasked = event.spools_known > 0 and not event.spools
    looked = replace(state, eligible=count, unmet=event.unmet)
    if unasked or count < wanted_clients(state, current, now):
        return looked, ()
    choice = choice_of(state, current.number, clients, event.facts, state.rules.selected_count)
    selected = select_cohort(choice, state.unwilling)
    opening = replace(
        current.entered(RoundPhase.OPENING, now), open=frozenset(selected), deadline=None
    )
    effect = OpenRound(current.number, current.attempt)
    dealt = on_spools(state, opening, event)
    return with_round(looked, dealt), (effect,)


def would_open(state: RunState, clients: Iterable[str], now: datetime) -> bool:
    """Whether these clients are enough for a line that waits for its cohort."""
    current = state.round
    if not needs_clients(state) or current is None:
        return False
    return len(selectable(state, clients)) >= wanted_clients(state, current, now)


def needs_clients(state: RunState) -> bool:
    """Whether the run would use a list of eligible clients now."""
    current = state.round
    return (
        state.phase is RunPhase.RUNNING
        and state.paused_since is None
        and current is not None
        and current.phase is RoundPhase.WAITING
    )


def wanted_clients(state: RunState, current: RoundState, now: datetime) -> int:
    """How many eligible clients are enough now."""
    patient = current.deadline is None or now < current.deadline
    return state.rules.size if patient else state.rules.minimum


def round_opened(state: RunState, event: RoundOpened, now: datetime) -> Decision:
    """Starts the clock of the round and gives out its tasks."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.OPENING):
        return unchanged(state)
    allowed = round_deadline_of(state)
    deadline = now + timedelta(seconds=allowed.seconds)
    collecting = replace(
        current.entered(RoundPhase.COLLECTING, now),
        opened_at=now,
        deadline=deadline,
        deadline_from=allowed.source,
    )
    judged, ending = judge(with_round(state, collecting), now)
    if ending:
        return judged, ending
    clients = tuple(sorted(current.open))
    return judged, (DispatchTasks(current.number, current.attempt, clients, deadline),)

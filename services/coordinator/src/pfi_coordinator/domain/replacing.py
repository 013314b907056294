"""Others take the places of clients that dropped out of an open round.

Clients drop out when they give their task back, are revoked, or have been without session for
longer than the run's grace. A round that would miss its size then gets others, in the same attempt,
while enough of its time is left. Others are selected up to its size alone, so that no more clients
are at work or counted than it was opened for: the most updates that it may count stays what it was.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.choice import Choice
from pfi_coordinator.domain.collecting import judge, judge_without_others, keeps_cohort
from pfi_coordinator.domain.deadlines import leaves_time
from pfi_coordinator.domain.decision import Decision, with_round
from pfi_coordinator.domain.effects import CancelTasks, DispatchTasks, Effect
from pfi_coordinator.domain.events import ClientsEligible
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.lines import selectable
from pfi_coordinator.domain.selection import select_cohort
from pfi_coordinator.domain.state import Replacements, RoundState, RunState


def choice_of(
    state: RunState,
    number: int,
    clients: Iterable[str],
    facts: Iterable[ClientFacts],
    count: int,
) -> Choice:
    """Puts together what a policy chooses from; of a client without facts nothing is known."""
    known = {item.client: item for item in facts}
    candidates = tuple(known.get(client) or ClientFacts(client) for client in clients)
    rules = state.rules
    return Choice(candidates, count, rules.selection, rules.seed, number, state.pacer.moved)


def dropouts_replaced(
    state: RunState, current: RoundState, event: ClientsEligible, now: datetime
) -> Decision:
    """Selects others for places that are empty; then the round is judged with what it has."""
    if not keeps_cohort(state) or not leaves_time(state, current, now):
        return judge(state, now)
    absent = frozenset(event.absent) & current.open
    chosen = _substitutes(state, current, event, absent)
    expected = len(current.committed) + len(current.open) + len(chosen)
    if not chosen or expected < state.rules.minimum:
        return judge_without_others(state, current, now)
    return _moved(state, current, absent, chosen, now)


def _substitutes(
    state: RunState, current: RoundState, event: ClientsEligible, absent: frozenset[str]
) -> frozenset[str]:
    """Selects as many as the round would be short of its size without its absent clients."""
    present = len(current.committed) + len(current.open - absent)
    wanted = state.rules.size - present
    if wanted <= 0:
        return frozenset()
    others = [client for client in selectable(state, event.clients) if not current.selected(client)]
    choice = choice_of(state, current.number, others, event.facts, wanted)
    return frozenset(select_cohort(choice, state.unwilling))


def _moved(
    state: RunState,
    current: RoundState,
    absent: frozenset[str],
    chosen: frozenset[str],
    now: datetime,
) -> Decision:
    """Gives empty places away, and those of absent clients only as far as somebody takes them."""
    empty = max(state.rules.size - len(current.committed) - len(current.open), 0)
    gone = frozenset(sorted(absent)[: max(len(chosen) - empty, 0)])
    wave = len(current.replacements) + 1
    moved = replace(
        current,
        open=(current.open - gone) | chosen,
        closed=current.closed | gone,
        replacements=(*current.replacements, Replacements(chosen, now)),
    )
    named = (current.number, current.attempt)
    effects: tuple[Effect, ...] = ()
    if gone:
        effects = (CancelTasks(*named, tuple(sorted(gone)), wave),)
    if current.deadline is not None:
        effects += (DispatchTasks(*named, tuple(sorted(chosen)), current.deadline, wave),)
    unwilling = state.unwilling | gone
    return replace(with_round(state, moved), unwilling=unwilling), effects

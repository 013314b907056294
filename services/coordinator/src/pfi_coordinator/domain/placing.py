"""New clients of a run with clusters: each says on its first task which line fits it best."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pfi_coordinator.domain.deadlines import patience_seconds
from pfi_coordinator.domain.decision import Decision, unchanged
from pfi_coordinator.domain.effects import CancelPlacement, Effect, PlaceClients
from pfi_coordinator.domain.events import ClientPlaced
from pfi_coordinator.domain.lines import OVER_FOR_GOOD, members_of_lines
from pfi_coordinator.domain.rules import MAXIMUM_ASKED_AT_ONCE
from pfi_coordinator.domain.state import Placement, RunPhase, RunState

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Versions between which a new client chooses: of each of these lines the one of this number.

    They are the newest that all lines have. A line that is ahead has been trained longer, and would
    win although it fits worse.
    """

    lines: tuple[str, ...]
    version: int


def comparison(state: RunState) -> Comparison | None:
    """Gives what a new client chooses between now.

    Nothing while a line has no version of its own, or there is only one.
    """
    usable = [line for line in state.lines if line.phase not in OVER_FOR_GOOD]
    versions = [line.base.version for line in usable if line.base is not None]
    forked = 0 if state.base is None else state.base.version
    if len(versions) < _FEWEST or min(versions) == forked:
        return None
    return Comparison(tuple(line.line for line in usable), min(versions))


def wants_newcomers(state: RunState) -> bool:
    """Whether a new client could still take part."""
    if state.paused_since is not None:
        return False
    training = any(line.phase is RunPhase.RUNNING for line in state.lines)
    return state.phase is RunPhase.RUNNING and training and comparison(state) is not None


def newcomers(state: RunState, clients: Iterable[str]) -> tuple[str, ...]:
    """Gives those of these clients that are in no line and were not asked yet; a few at once."""
    if not wants_newcomers(state):
        return ()
    asked = (item.waiting for item in state.placements)
    new = sorted(frozenset(clients) - members_of_lines(state).union(*asked))
    return tuple(new[:MAXIMUM_ASKED_AT_ONCE])


def place_newcomers(state: RunState, clients: Iterable[str], now: datetime) -> Decision:
    """Asks new clients where they belong; the answer may take as long as a round."""
    fresh = newcomers(state, clients)
    if not fresh:
        return unchanged(state)
    number = state.placements_begun + 1
    deadline = now + timedelta(seconds=patience_seconds(state))
    asked = (*state.placements, Placement(number, frozenset(fresh), deadline))
    return replace(state, placements=asked, placements_begun=number), (
        PlaceClients(number, fresh, deadline),
    )


def client_placed(state: RunState, event: ClientPlaced, _now: datetime) -> Decision:
    """Makes a client a member of the line that it chose.

    One that chose a line which went out of use meanwhile is asked again. One that names no line of
    the run is asked again only when its time is over: a broken client must not be asked for ever.
    """
    if not any(line.line == event.chosen for line in state.lines):
        return unchanged(state)
    asked = (item.waiting for item in state.placements if item.number == event.number)
    if not any(event.client in waiting for waiting in asked):
        return unchanged(state)
    client = frozenset({event.client})
    lines = tuple(
        replace(line, members=line.members | client, placed=line.placed | client)
        if line.line == event.chosen and line.phase not in OVER_FOR_GOOD
        else line
        for line in state.lines
    )
    return replace(_without(state, client), lines=lines), ()


def clients_unasked(state: RunState, gone: frozenset[str]) -> RunState:
    """Stops waiting for the answers of these clients."""
    return _without(state, gone) if state.placements else state


def placements_due(state: RunState, now: datetime) -> Decision:
    """Takes questions back that were not answered in time; whoever is there is asked again."""
    return _taken_back(state, tuple(item for item in state.placements if item.deadline <= now))


def placements_taken_back(state: RunState) -> Decision:
    """Takes every open question back."""
    return _taken_back(state, state.placements)


def _taken_back(state: RunState, due: tuple[Placement, ...]) -> Decision:
    if not due:
        return unchanged(state)
    left = tuple(item for item in state.placements if item not in due)
    effects: tuple[Effect, ...] = tuple(
        CancelPlacement(item.number, tuple(sorted(item.waiting))) for item in due
    )
    return replace(state, placements=left), effects


def _without(state: RunState, clients: frozenset[str]) -> RunState:
    left = (replace(item, waiting=item.waiting - clients) for item in state.placements)
    return replace(state, placements=tuple(item for item in left if item.waiting))

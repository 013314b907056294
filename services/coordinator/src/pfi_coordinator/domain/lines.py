"""The lines of a run: the one that it began with, and one for each cluster."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from pfi_coordinator.domain.decision import Decision, unchanged
from pfi_coordinator.domain.state import GLOBAL, RunPhase, RunState

OVER_FOR_GOOD = frozenset({RunPhase.FAILED, RunPhase.CANCELLED})
"""Phases in which a run, or a line of it, has ended without a result to go on from."""

_PREFIX = "cluster-"
_LINE_OF_CLUSTER = re.compile(rf"{_PREFIX}[1-9]\d{{0,3}}")


def cluster_line(index: int) -> str:
    """Names the line of a cluster, counted from 1."""
    return f"{_PREFIX}{index}"


def names_cluster_line(text: str) -> bool:
    """Whether a text is the name that a line of some run may have."""
    return _LINE_OF_CLUSTER.fullmatch(text) is not None


def line_order(line: str) -> int:
    """Sorts lines: the global one first, then clusters by their number."""
    return 0 if line == GLOBAL else int(line.removeprefix(_PREFIX))


def every_line(state: RunState) -> tuple[RunState, ...]:
    """Gives the run itself, which is its global line, and then the lines of its clusters."""
    return (state, *state.lines)


def line_named(state: RunState, name: str) -> RunState | None:
    """Gives a line by name; None when the run has no such line."""
    return next((line for line in every_line(state) if line.line == name), None)


def line_of(state: RunState, client: str) -> str | None:
    """Gives the name of the cluster line that a client belongs to; None for a client in none."""
    return next((line.line for line in state.lines if client in line.members), None)


def members_of_lines(state: RunState) -> frozenset[str]:
    """Gives every client that belongs to a cluster."""
    return frozenset().union(*(line.members for line in state.lines))


def selectable(state: RunState, clients: Iterable[str]) -> tuple[str, ...]:
    """Gives those of these clients that the line may select."""
    if state.line == GLOBAL:
        return tuple(clients)
    return tuple(client for client in clients if client in state.members)


def in_line(state: RunState, name: str, rule: Callable[[RunState], Decision]) -> Decision:
    """Lets a rule decide about one line, and says so in its effects."""
    line = line_named(state, name)
    if line is None or line is state:
        return unchanged(state)
    decided, effects = rule(line)
    lines = tuple(decided if item is line else item for item in state.lines)
    return replace(state, lines=lines), tuple(replace(effect, line=name) for effect in effects)


def in_every_line(decision: Decision, rule: Callable[[RunState], Decision]) -> Decision:
    """Lets a rule decide about each line of a cluster, after what was decided already."""
    state, effects = decision
    for line in state.lines:
        state, more = in_line(state, line.line, rule)
        effects = (*effects, *more)
    return state, effects

"""How large the cohorts of a cluster's line are."""

import math
from dataclasses import replace
from fractions import Fraction

from pfi_coordinator.domain.lines import members_of_lines
from pfi_coordinator.domain.rules import ClusterRules, RunRules
from pfi_coordinator.domain.state import RoundPhase, RunPhase, RunState


def scaled_rules(rules: RunRules, cluster: ClusterRules, members: int, everyone: int) -> RunRules:
    """Gives a line the share of the cohort that its members are of all members.

    Both the updates that it asks for and the fewest that it publishes with are scaled and rounded
    to the nearest number; they are at most the line's members, and at least what the aggregation
    rule needs: a line that has lost so many members that it cannot keep it waits for new ones.

    Args:
        rules: Of the run.
        cluster: Of the run.
        members: Of the line, at least 1.
        everyone: Members of all lines.
    """
    size = max(min(_share(rules.size, members, everyone), members), rules.fewest)
    selected = math.ceil(size * Fraction(str(cluster.over_select)))
    return replace(
        rules,
        size=size,
        minimum=min(max(_share(rules.minimum, members, everyone), rules.fewest), size),
        selected_count=min(selected, max(members, size)),
        cluster=None,
    )


def rescaled(state: RunState) -> RunState:
    """Fits the lines that wait for a cohort to their present members.

    A round that was opened keeps the numbers that it was opened with.
    """
    cluster = state.rules.cluster
    everyone = len(members_of_lines(state))
    if cluster is None or not everyone:
        return state
    lines = tuple(
        replace(line, rules=scaled_rules(state.rules, cluster, len(line.members), everyone))
        if _waits(line)
        else line
        for line in state.lines
    )
    return replace(state, lines=lines)


def _share(whole: int, members: int, everyone: int) -> int:
    return max(1, (2 * whole * members + everyone) // (2 * everyone))


def _waits(line: RunState) -> bool:
    waiting = line.round is not None and line.round.phase is RoundPhase.WAITING
    return line.phase is RunPhase.RUNNING and waiting and bool(line.members)

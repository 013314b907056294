"""Which clients make up a cohort: the policies, and what holds whichever is chosen."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace

from pfi_coordinator.domain.choice import Choice
from pfi_coordinator.domain.draws import rank
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.selection_utility import by_utility

MOST_COMPARED = 4096
"""Of more candidates a random part is compared: an event holds the facts of every one."""


Policy = Callable[[Choice], tuple[str, ...]]
"""Gives `count` of the candidates, or all when they are fewer."""


def at_random(choice: Choice) -> tuple[str, ...]:
    """Draws without replacement, by a hash of (seed, round, client).

    A reopened attempt keeps the clients that already hold a finished update.
    """
    names = [facts.client for facts in choice.candidates]
    ranked = sorted(names, key=lambda client: (rank(choice.seed, choice.number, client), client))
    return tuple(ranked[: choice.count])


POLICIES: Mapping[str, Policy] = {"random": at_random, "utility": by_utility}
"""Policies by the name that a run specification has for them."""


def select_cohort(choice: Choice, unwilling: Set[str] = frozenset()) -> tuple[str, ...]:
    """Selects a cohort by the run's policy.

    Whatever the policy: clients that hold a finished update of this round come first, those that
    were selected too often already come after those that wait, and those that gave a task of this
    round back come last.

    Args:
        choice: Candidates and rules.
        unwilling: Clients that gave a task of this round back.

    Returns:
        The selected clients, sorted by name.
    """
    policy = POLICIES[choice.rules.policy]
    selected: list[str] = []
    for tier in _tiers(choice, unwilling):
        left = choice.count - len(selected)
        if tier and left > 0:
            selected.extend(policy(replace(choice, candidates=tier, count=left)))
    return tuple(sorted(selected))


def _tiers(choice: Choice, unwilling: Set[str]) -> tuple[tuple[ClientFacts, ...], ...]:
    most = most_selections(choice)
    tiers: tuple[list[ClientFacts], ...] = ([], [], [], [])
    for facts in choice.candidates:
        if facts.client in unwilling:
            tiers[3].append(facts)
        elif facts.reported_round == choice.number:
            tiers[0].append(facts)
        else:
            tiers[1 if most is None or facts.selected + 1 <= most else 2].append(facts)
    return tuple(map(tuple, tiers))


def most_selections(choice: Choice) -> float | None:
    """Gives how often a client may be selected, this round included, while others wait.

    That is the fairness cap times the mean over the candidates after this round. A mean below one
    selection counts as one, since nobody is selected by halves.
    """
    cap = choice.rules.fairness_cap
    if cap is None or not choice.candidates:
        return None
    total = sum(facts.selected for facts in choice.candidates)
    after = total + min(choice.count, len(choice.candidates))
    return cap * max(1.0, after / len(choice.candidates))


def compared(clients: Iterable[str], count: int, *, seed: int, number: int) -> tuple[str, ...]:
    """Gives those of these clients whose facts are compared: all, or a random part of very many.

    Args:
        clients: Eligible clients.
        count: Clients to select.
        seed: Seed of the run.
        number: Round number.
    """
    names = tuple(clients)
    most = max(MOST_COMPARED, 4 * count)
    if len(names) <= most:
        return names
    return tuple(sorted(sorted(names, key=lambda client: rank(seed, number, client))[:most]))

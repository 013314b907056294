"""Which clients make up a cohort: random, but the same for the same run, round and candidates."""

from collections.abc import Iterable, Set
from hashlib import sha256


def select_cohort(
    candidates: Iterable[str], count: int, *, seed: int, number: int, unwilling: Set[str]
) -> tuple[str, ...]:
    """Draws a cohort without replacement.

    Each candidate's rank is a hash of (seed, round, client): the draw does not depend on the order
    of the candidates, and a reopened attempt keeps the clients that already hold a finished update.
    Clients that gave this round's task back come last.

    Args:
        candidates: Eligible clients.
        count: Most clients to select.
        seed: Seed of the run.
        number: Round number.
        unwilling: Clients that gave a task of this round back.

    Returns:
        The selected clients, sorted by name.
    """
    ranked = sorted(
        candidates, key=lambda client: (client in unwilling, _rank(seed, number, client), client)
    )
    return tuple(sorted(ranked[:count]))


def _rank(seed: int, number: int, client: str) -> bytes:
    return sha256(f"{seed}|{number}|{client}".encode()).digest()

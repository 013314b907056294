"""Chance that replays: drawn from hashes, so that no order and no process decides."""

import math
from collections.abc import Iterable
from hashlib import sha256


def rank(seed: int, number: int, client: str) -> bytes:
    """Gives a client's place in a random order of a round."""
    return sha256(f"{seed}|{number}|{client}".encode()).digest()


def weighted_sample(weights: Iterable[tuple[str, float]], count: int, name: str) -> tuple[str, ...]:
    """Draws clients without replacement, each next one with a chance in proportion to its weight.

    Source: Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir": those with
    the highest u^(1/w), u uniform; here in logarithms, as the lowest -ln(u) / w.

    Args:
        weights: Clients with their weights; one of 0 is drawn when no other is left.
        count: Most clients to draw.
        name: Names the draw; the same name draws the same.

    Returns:
        The clients, the first drawn first.
    """
    keys = []
    for client, weight in weights:
        uniform = _uniform(f"{name}|{client}")
        keys.append((-math.log(uniform) / weight if weight > 0 else math.inf, client))
    return tuple(client for _, client in sorted(keys)[:count])


def _uniform(text: str) -> float:
    """Gives a number above 0 and below 1."""
    drawn = int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 12
    return (drawn + 0.5) / (1 << 52)

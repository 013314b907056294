"""Which Redis and Valkey releases have a known hole, and the release that closes it."""

from collections.abc import Mapping
from dataclasses import dataclass

LUA = "CVE-2025-49844 (a use after free in the Lua engine)"
UNBLOCK = "CVE-2026-23479 (a use after free when a blocked client is evicted)"

Line = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Patch:
    """A release to move to.

    Attributes:
        release: For instance `7.2.11`.
        advisory: What it closes.
    """

    release: str
    advisory: str


PATCHES: Mapping[str, Mapping[Line, tuple[int, str]]] = {
    "redis": {
        (6, 2): (20, LUA),
        (7, 2): (11, LUA),
        (7, 4): (9, UNBLOCK),
        (8, 0): (4, LUA),
        (8, 2): (6, UNBLOCK),
        (8, 4): (3, UNBLOCK),
        (8, 6): (3, UNBLOCK),
    },
    "valkey": {
        (7, 2): (13, UNBLOCK),
        (8, 0): (8, UNBLOCK),
        (8, 1): (7, UNBLOCK),
        (9, 0): (4, UNBLOCK),
    },
}
"""By product and line of versions: the first release without the latest hole known of the line.

A line that is not here was no longer patched, or is newer than all of them.
"""


def missing_patch(product: str, version: str) -> Patch | None:
    """Gives the release to move to; None when the version has every patch known here.

    Args:
        product: `redis` or `valkey`.
        version: As the server tells it, for instance `6.2.14`.
    """
    numbers = [int(part) for part in version.split(".")[:3] if part.isdigit()]
    major, minor, release = (*numbers, 0, 0, 0)[:3]
    lines = PATCHES[product]
    later = [line for line in sorted(lines) if line >= (major, minor)]
    if not later:
        return None
    first_good, advisory = lines[later[0]]
    if later[0] == (major, minor) and release >= first_good:
        return None
    return Patch(f"{later[0][0]}.{later[0][1]}.{first_good}", advisory)

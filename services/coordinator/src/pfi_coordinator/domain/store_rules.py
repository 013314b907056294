"""Which Redis may hold a federation, and how a loss is noticed."""

import re
from dataclasses import dataclass, replace

from pfi_common.errors import StoreUnsuitableError

OLDEST_VERSION = (6, 2)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a Redis server says of itself."""

    version: str
    mode: str
    append_only: bool
    eviction: str


@dataclass(frozen=True, slots=True)
class StoreMarker:
    """Stands in Redis and beside the certificate authority, and says which store belongs to it.

    Attributes:
        authority: Fingerprint of the federation's certificate authority.
        version: Newest Redis version that has written the data.
    """

    authority: str
    version: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the store holds the federation, and the marker to keep in both places."""

    intact: bool
    marker: StoreMarker


def judge_store(
    facts: StoreFacts, authority: str, stored: StoreMarker | None, kept: StoreMarker | None
) -> Verdict:
    """Decides whether a store may be used.

    Args:
        facts: What the server says.
        authority: Fingerprint of the certificate authority.
        stored: The marker in Redis; None in an empty one.
        kept: The marker in the state folder; None before the first start.

    Raises:
        StoreUnsuitableError: The store must not be used; the message says what to do.
    """
    _check_server(facts)
    for marker in (stored, kept):
        if marker is not None:
            _check_marker(facts, authority, marker)
    marker = stored or kept or StoreMarker(authority, facts.version)
    newest = max(marker.version, facts.version, key=version_key)
    return Verdict(stored is not None or kept is None, replace(marker, version=newest))


def version_key(version: str) -> tuple[int, ...]:
    """Makes versions comparable."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _check_server(facts: StoreFacts) -> None:
    if facts.mode != "standalone":
        raise StoreUnsuitableError(
            f"Redis runs as {facts.mode}. Failover discards acknowledged writes; give one server "
            "that is restarted in place."
        )
    if version_key(facts.version) < OLDEST_VERSION:
        raise StoreUnsuitableError(f"Redis {facts.version} is too old. Start Redis 6.2 or later.")
    if not facts.append_only:
        raise StoreUnsuitableError(
            "Redis keeps no append-only file, so a restart would lose the federation. "
            "Set `appendonly yes` in its configuration."
        )
    if facts.eviction != "noeviction":
        raise StoreUnsuitableError(
            f"Redis may evict keys ({facts.eviction}). Set `maxmemory-policy noeviction`."
        )


def _check_marker(facts: StoreFacts, authority: str, marker: StoreMarker) -> None:
    if marker.authority != authority:
        raise StoreUnsuitableError(
            "This Redis and this state folder belong to different federations. "
            "Check PFI_COORDINATOR_REDIS_URL and PFI_COORDINATOR_STATE."
        )
    if version_key(facts.version) < version_key(marker.version):
        raise StoreUnsuitableError(
            f"Redis {facts.version} is older than its data, which Redis {marker.version} wrote: it "
            f"would read them as empty. Start Redis {marker.version} or later."
        )

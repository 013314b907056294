"""Flower's control plane, measured by a script that is not part of this repository."""

from collections.abc import Sequence
from typing import Any

from benchmarks.throughput.flower import PeerFailed, Peers

NODES = 200
LIMIT_SECONDS = 300.0


def observe(peers: Peers, agents: Sequence[int], runs: int) -> dict[str, Any]:
    """Lets so many connections at a time pull messages from a SuperLink, and beat.

    Raises:
        PeerFailed: It did not work, or calls were refused.
    """
    told = ["--nodes", str(NODES), "--runs", str(runs), "--conns", *map(str, agents)]
    printed = peers.run("flower_control.py", told, LIMIT_SECONDS)
    seen = {
        kind: {str(count): printed.get(f"{kind}_c{count}") for count in agents}
        for kind in ("poll", "heartbeat")
    }
    if any(each is None or each["errors"] for found in seen.values() for each in found.values()):
        raise PeerFailed(f"Flower did not answer every call: {str(printed)[-1500:]}")
    return seen | {"versions": printed["versions"]}

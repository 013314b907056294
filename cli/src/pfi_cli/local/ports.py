"""Ports that were chosen once and must be free again."""

import re
import socket
from collections.abc import Mapping
from functools import partial

from pfi_cli.local.start_refused import StartRefusedError
from pfi_cli.local.waiting import wait_until

# Recorded ports may lie where the system takes ports for outgoing connections, for a moment.
PATIENCE_SECONDS = 5.0
AGENT_ENDPOINTS = frozenset({"enrolment", "session", "aggregator"})
_NUMBERED = re.compile(r"aggregator-\d+")


def still_usable(endpoints: Mapping[str, str]) -> dict[str, str]:
    """Leaves out taken addresses that agents do not know; a new port is chosen for those."""
    return {
        name: address
        for name, address in endpoints.items()
        if name in AGENT_ENDPOINTS or _NUMBERED.fullmatch(name) or _is_free(address)
    }


def check_free(endpoints: Mapping[str, str], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Waits a little until nothing listens where a process that is about to start has to.

    Raises:
        StartRefusedError: Names the endpoint whose port another process keeps.
    """
    for name, address in endpoints.items():
        if not wait_until(partial(_is_free, address), patience_seconds):
            raise _taken(name, address.rpartition(":")[2])


def _is_free(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Ports of the last run may still be in TIME_WAIT, which is no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return False
    return True


def _taken(name: str, port: str) -> StartRefusedError:
    message = (
        f"port {port}, which this federation uses for its {name} endpoint, is taken "
        "by another process"
    )
    if name in AGENT_ENDPOINTS:
        return StartRefusedError(
            f"{message}; agents know the port",
            'Stop that process and try again, or remove "endpoints" from federation.json and '
            "enrol agents again.",
        )
    return StartRefusedError(message, "Run `pfi down` and `pfi up`, which chooses another port.")

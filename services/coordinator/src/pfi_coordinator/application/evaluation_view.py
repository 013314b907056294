"""The closing evaluation as people read it."""

from collections.abc import Mapping
from typing import Any

from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.tasks import TaskRow


def evaluation_view(
    rows: Mapping[str, TaskRow], clients: Mapping[str, Client], line: str
) -> list[dict[str, Any]]:
    """Gives one entry for each client that was asked on a line, sorted by client."""
    return [
        {
            "client": client,
            "display_name": display_name(clients, client),
            "line": line,
            "state": rows[client].state.value,
            "metrics": dict(sorted(rows[client].metrics.items())),
        }
        for client in sorted(rows)
    ]


def display_name(clients: Mapping[str, Client], client: str) -> str:
    """Gives the name for people; empty for a client without one."""
    known = clients.get(client)
    return "" if known is None else known.display_name

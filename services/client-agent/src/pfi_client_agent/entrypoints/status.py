"""`pfi-agent status`: what this device is and has done."""

import json
from collections import Counter
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from pfi_client_agent.adapters.personal_store import PersonalStore
from pfi_client_agent.adapters.run_notes import RunNotes
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.adapters.update_store import UpdateStore
from pfi_client_agent.entrypoints.options import JsonOption, StateOption, state_folder
from pfi_common.clock import SystemClock
from pfi_common.identity import load_identity


def status(
    as_json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Show identity, certificate, finished tasks, personal adapters and stored updates.

    Works while the agent runs, and without a connection.

        pfi-agent status --state .pfi/agents/client-0
    """
    document = collect_status(state_folder(state))
    if as_json:
        typer.echo(json.dumps(document, indent=1))
    else:
        Console().print(_table(document))


def collect_status(folder: StateFolder) -> dict[str, Any]:
    """Gather what the state folder tells.

    Raises:
        NotEnrolledError: It holds no identity.
    """
    identity = load_identity(folder.identity)
    certificate = identity.certificate
    journal = RunNotes(folder).journal()
    return {
        "client": identity.identity.name,
        "federation": identity.identity.federation,
        "state": str(folder.root),
        "running": folder.is_locked(),
        "certificate_expires_at": certificate.not_valid_after_utc.isoformat(),
        "certificate_expired": SystemClock().now() > certificate.not_valid_after_utc,
        "tasks": dict(Counter(entry.get("outcome", "unknown") for entry in journal)),
        "last_task": journal[-1] if journal else None,
        "personal_adapters": [
            {"run": meta.run, "round": meta.round, "rank": meta.rank, "loss": meta.loss}
            for meta in PersonalStore(folder.personal).list()
        ],
        "stored_updates": [
            {"run": update.key.run, "round": update.key.round, "bytes": update.payload_bytes}
            for update in UpdateStore(folder.updates).list()
        ],
    }


def _table(document: dict[str, Any]) -> Table:
    expired = " (expired; it is renewed at the next start)"
    personal = [f"{p['run']}: round {p['round']}, loss {p['loss']:.3f}"
                for p in document["personal_adapters"]]  # fmt: skip
    stored = [f"{u['run']}: round {u['round']}, {u['bytes']:,} bytes"
              for u in document["stored_updates"]]  # fmt: skip
    tasks = [f"{count} {outcome}" for outcome, count in sorted(document["tasks"].items())]
    rows = {
        "client": f"{document['client']} in {document['federation']}",
        "state": f"{document['state']}{' (an agent is running)' if document['running'] else ''}",
        "certificate until": document["certificate_expires_at"]
        + (expired if document["certificate_expired"] else ""),
        "tasks": ", ".join(tasks) or "none yet",
        "personal adapters": "\n".join(personal) or "none",
        "stored updates": "\n".join(stored) or "none",
    }
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    return table

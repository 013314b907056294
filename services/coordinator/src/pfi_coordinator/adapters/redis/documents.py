"""What was submitted, as JSON."""

import json
from dataclasses import asdict
from datetime import datetime

from pfi_common.spec import parse_description, parse_run_spec
from pfi_coordinator.application.records import Origin, RunDocument


def write_document(document: RunDocument) -> bytes:
    """Writes a run's document."""
    content = {
        "run": document.run,
        "name": document.name,
        "created_at": document.created_at.isoformat(),
        "spool": document.spool,
        "spec": document.spec.model_dump(mode="json"),
        "description": document.description.model_dump(mode="json"),
        "origin": None if document.origin is None else asdict(document.origin),
    }
    return json.dumps(content, separators=(",", ":")).encode()


def read_document(data: bytes) -> RunDocument:
    """Reads what `write_document` wrote."""
    content = json.loads(data)
    return RunDocument(
        run=content["run"],
        name=content["name"],
        created_at=datetime.fromisoformat(content["created_at"]),
        spool=content["spool"],
        spec=parse_run_spec(content["spec"]),
        description=parse_description(content["description"]),
        origin=Origin(**origin) if (origin := content.get("origin")) else None,
    )

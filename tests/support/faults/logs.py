"""What processes wrote: one JSON object a line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pfi_cli.local.waiting import wait_until

WAIT_SECONDS = 120.0


def read_events(log: Path, name: str | None = None, **fields: object) -> Sequence[dict[str, Any]]:
    """Events of a log so far, of one name and with these fields; lines that are no JSON fail."""
    if not log.exists():
        return []
    # The last line may be half written by a process that lives, or was killed.
    lines = log.read_text(encoding="utf-8").split("\n")[:-1]
    plain = [number for number, line in enumerate(lines) if line and not line.startswith("{")]
    assert not plain, f"{log}: not a log line: " + "\n".join(lines[plain[0] :])[:4000]
    events = [json.loads(line) for line in lines if line]
    wanted = fields if name is None else fields | {"event": name}
    return [event for event in events if all(event.get(k) == v for k, v in wanted.items())]


def wait_for_event(log: Path, name: str, count: int = 1, **fields: object) -> dict[str, Any]:
    """Waits until such an event was logged for the `count`-th time, and gives it."""

    def is_there() -> bool:
        return len(read_events(log, name, **fields)) >= count

    assert wait_until(is_there, WAIT_SECONDS), (
        f"no {name} {fields} in {log}:\n" + log.read_text(encoding="utf-8")[-4000:]
    )
    return read_events(log, name, **fields)[count - 1]

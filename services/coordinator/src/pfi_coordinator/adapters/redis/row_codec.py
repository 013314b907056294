"""Task rows and notices as Redis keeps them."""

import json
from collections.abc import Mapping
from functools import lru_cache

from pfi_coordinator.adapters.redis.connection import text
from pfi_coordinator.domain.tasks import Notice, TaskRow, TaskState

_CACHED_NOTICES = 1024


def write_notice(notice: Notice) -> str:
    """Writes a notice; equal notices give equal text."""
    if notice.cancelled_task:
        return json.dumps({"cancelled": notice.cancelled_task})
    return json.dumps({"settled": [notice.settled_run, notice.settled_round]})


@lru_cache(maxsize=_CACHED_NOTICES)
def read_notice(data: bytes) -> Notice:
    """Reads what `write_notice` wrote; the notices of a round are the same for all its clients."""
    content = json.loads(data)
    if "cancelled" in content:
        return Notice(cancelled_task=content["cancelled"])
    run, number = content["settled"]
    return Notice(settled_run=run, settled_round=number)


def write_metrics(metrics: Mapping[str, float]) -> str:
    """Writes metrics; none at all gives an empty text, which changes nothing."""
    return json.dumps(dict(metrics)) if metrics else ""


def read_rows(fields: Mapping[bytes, bytes]) -> dict[str, TaskRow]:
    """Reads the rows of a scope, by client."""
    columns: dict[str, dict[str, str]] = {}
    for field, value in fields.items():
        client, _, column = text(field).partition(":")
        columns.setdefault(client, {})[column] = text(value)
    return {client: _row(found) for client, found in columns.items() if "task" in found}


def _row(columns: Mapping[str, str]) -> TaskRow:
    return TaskRow(
        task=columns["task"],
        state=TaskState(columns["state"]),
        steps_done=int(columns.get("steps_done", 0)),
        steps_total=int(columns.get("steps_total", 0)),
        payload_bytes=int(columns.get("payload_bytes", 0)),
        metrics=json.loads(columns.get("metrics", "{}")),
        upload_encoding=columns.get("upload_encoding", ""),
        device_class=columns.get("device_class", ""),
    )

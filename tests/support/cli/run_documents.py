"""Runs as the coordinator describes them, with numbers that can be checked by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

RUN = "r-0123456789"
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
CLIENTS = ("c-00000000000a", "c-00000000000b")
NAMES = ("ada", "ben")


def moment(seconds: float) -> str:
    """A time of the run."""
    return (START + timedelta(seconds=seconds)).isoformat()


def task(number: int, client: str, attempt: int = 1) -> str:
    """The id of a training task."""
    return f"{RUN}.{number}.{attempt}.{client}"


def member(number: int, index: int, **changes: Any) -> dict[str, Any]:
    """A client of round `number` that has finished."""
    return {
        "client": CLIENTS[index],
        "display_name": NAMES[index],
        "task": task(number, CLIENTS[index]),
        "state": "completed",
        "steps_done": 40,
        "steps_total": 40,
        "payload_bytes": 64,
        "metrics": {
            "eval_loss_shared": 4.0 + index - 0.5 * (number - 1),
            "eval_loss_personal": 3.0,
            "work_seconds": 8.0 + index,
            "task_seconds": 8.5 + index,
            "steps_per_second": 4.0,
            "uploaded_bytes": 64.0,
            "downloaded_bytes": 64.0,
            "held_out_rows": 10.0,
        },
    } | changes


def round_document(number: int, **changes: Any) -> dict[str, Any]:
    """A published round of both clients: 10 s, of which 9 s are the longest client's work."""
    opened = 10.0 * (number - 1) + 1.0
    return {
        "round": number,
        "attempt": 1,
        "state": "published",
        "opened_at": moment(opened),
        "sealed_at": moment(opened + 9.9),
        "published_at": moment(opened + 10.0),
        "deadline": moment(opened + 600.0),
        "cohort": [member(number, index) for index in range(len(CLIENTS))],
        "counted": 2,
        "merge_seconds": 0.01,
        "clipped": 0,
        "capped": 0,
        "adapter_digest": f"{number:064x}",
    } | changes


def evaluation(index: int, **changes: Any) -> dict[str, Any]:
    """The closing evaluation of a client: backbone 4 + index, shared 3 + index, personal 2."""
    return {
        "client": CLIENTS[index],
        "display_name": NAMES[index],
        "state": "completed",
        "metrics": {
            "eval_loss_backbone": 4.0 + index,
            "eval_loss_shared": 3.0 + index,
            "eval_loss_personal": 2.0,
            "held_out_rows": 10.0,
        },
    } | changes


def run_document(rounds: int = 2, **changes: Any) -> dict[str, Any]:
    """A completed run."""
    return {
        "run": RUN,
        "name": "river",
        "state": "completed",
        "why": None,
        "revision": 17,
        "created_at": moment(0.0),
        "ended_at": moment(10.0 * rounds + 5.0),
        "error": None,
        "spec": {
            "backbone": {"model": "tiny"},
            "local": {"steps": 20},
            "stop": {"rounds": rounds},
        },
        "backbone_digest": "b" * 64,
        "schema_digest": "c" * 64,
        "fixed_point": {"fraction_bits": 30, "resolution": 2.0**-30},
        "rounds": [round_document(number) for number in range(1, rounds + 1)],
        "evaluation": [evaluation(index) for index in range(len(CLIENTS))],
        "adapters": [
            {"version": version, "digest": f"{version:064x}", "lineage_digest": "d" * 64}
            for version in range(rounds + 1)
        ],
    } | changes

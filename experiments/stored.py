"""What every experiment stores, and reads again for its page."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import commit, machine, versions

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Document = dict[str, Any]
FOLDER = Path(__file__).resolve().parent


def about(name: str, started: float, config: "DataclassInstance") -> Document:
    """Says how, on what, and with which settings something was measured.

    Args:
        name: The experiment's.
        started: `time.monotonic` when it began.
        config: Its settings.
    """
    return {
        "command": f"make experiment NAME={name}",
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        "seconds": round(time.monotonic() - started),
        "config": asdict(config),
    }


def store(name: str, document: Document) -> None:
    """Writes an experiment's results.json."""
    _results(name).write_text(json.dumps(document, indent=1) + "\n")


def stored(name: str) -> Document:
    """What an experiment measured last."""
    found: Document = json.loads(_results(name).read_text())
    return found


def _results(name: str) -> Path:
    return FOLDER / name / "results.json"

"""Seconds and peak memory of robust rules: 100 updates of 16 M parameters in a real spool."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.result import Result, Row, Skipped, Target
from benchmarks.robust.scene import COORDINATES, RULES, UPDATES, fill_spool

NEEDED_BYTES = 12 << 30
LIMIT_MB = 2000.0
BYTES_PER_MB = 1_000_000
TARGET = "below 2 GB"


@dataclass(frozen=True)
class Measured:
    """One rule, once, in processes of its own.

    Attributes:
        worker_seconds: All pieces, one after the other, in one worker.
        worker_cpu_seconds: Of these, what it computed.
        complete_seconds: What the aggregator then does up to the change.
        worker_mb: Highest resident memory of the worker.
        aggregator_mb: Highest resident memory of what completes.
    """

    worker_seconds: float
    worker_cpu_seconds: float
    complete_seconds: float
    worker_mb: float
    aggregator_mb: float


def measure(runs: int = 5) -> Result:
    """Fills a spool once and reduces it by every rule."""
    folder = Path(tempfile.mkdtemp(prefix="pfi-rules-"))
    try:
        if shutil.disk_usage(folder).free < NEEDED_BYTES:
            reason = f"{NEEDED_BYTES >> 30} GiB of disk are needed"
            raise Skipped(reason)
        fill_spool(folder)
        found = {rule: [_run(folder, rule) for _ in range(runs)] for rule in RULES}
    finally:
        shutil.rmtree(folder)
    return _result(found)


def _run(folder: Path, rule: str) -> Measured:
    """Works and completes, each in a process that ends with it."""
    worker = _process("work", folder, rule)
    aggregator = _process("complete", folder, rule)
    return Measured(
        worker["seconds"],
        worker["cpu_seconds"],
        aggregator["seconds"],
        worker["peak_mb"],
        aggregator["peak_mb"],
    )


def _process(part: str, folder: Path, rule: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.robust", part, str(folder), rule]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _result(found: dict[str, list[Measured]]) -> Result:
    rows = [row for rule, measured in found.items() for row in _rows(rule, measured)]
    highest = {
        rule: max(max(each.worker_mb, each.aggregator_mb) for each in measured)
        for rule, measured in found.items()
    }
    return Result(
        name="rules",
        about=(
            f"{UPDATES} updates of {COORDINATES / 1e6:g} M parameters (fp32,"
            f" {UPDATES * COORDINATES * 4 / 1e9:.1f} GB) in an encrypted spool. A worker, one"
            " process on one core, decrypts and verifies every update and reduces all pieces, one"
            " after the other; the aggregator puts them together. Further workers share the pieces."
        ),
        rows=rows,
        targets=[_target(rule, mb) for rule, mb in highest.items()],
        notes=[
            "Peak memory is the whole process's (VmHWM), the interpreter counted in; it does not"
            " grow with the number of updates. Files are read past the page cache where the file"
            " system offers it: beside the CPU, the device sets the pace."
        ],
        measured={"coordinates": COORDINATES, "updates": UPDATES, "rules": dict(RULES)},
    )


def _rows(rule: str, measured: Sequence[Measured]) -> list[Row]:
    return [
        Row.of(f"{rule}: worker", "s", [each.worker_seconds for each in measured]),
        Row.of(f"{rule}: CPU of the worker", "s", [each.worker_cpu_seconds for each in measured]),
        Row.of(f"{rule}: aggregator", "s", [each.complete_seconds for each in measured]),
        Row.of(f"{rule}: peak memory of the worker", "MB", [each.worker_mb for each in measured]),
        Row.of(
            f"{rule}: peak memory of the aggregator",
            "MB",
            [each.aggregator_mb for each in measured],
        ),
    ]


def _target(rule: str, highest_mb: float) -> Target:
    return Target(
        f"peak memory, 100 updates of 16 M parameters, {rule}",
        TARGET,
        f"{highest_mb:.0f} MB at most",
        highest_mb < LIMIT_MB,
    )

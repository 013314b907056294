"""`pfi-aggregator` as a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pfi_aggregator.settings import AggregatorSettings

SECONDS = 90.0


def environment_of(settings: AggregatorSettings, **more: str) -> dict[str, str]:
    """The variables that give a process these settings."""
    values = settings.model_dump(mode="json", exclude_none=True)
    own = {f"PFI_AGGREGATOR_{name.upper()}": str(value) for name, value in values.items()}
    return {**os.environ, "GRPC_VERBOSITY": "ERROR", **own, **more}  # noqa: TID251


@contextmanager
def started(
    command: str, settings: AggregatorSettings, folder: Path, **more: str
) -> Iterator[tuple[subprocess.Popen, dict[str, str]]]:
    """A process that listens, and its endpoints; ends with the block."""
    endpoints_file = folder / f"{command}-endpoints.json"
    endpoints_file.unlink(missing_ok=True)
    environment = environment_of(
        settings, PFI_AGGREGATOR_ENDPOINTS_FILE=str(endpoints_file), **more
    )
    with (folder / f"{command}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pfi_aggregator.main", command], env=environment, stderr=log
        )
    try:
        yield process, _wait_for(endpoints_file, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def events_of(log: Path) -> list[dict]:
    """The log lines of a process; the last one may be half written as yet."""
    lines = log.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines if line.startswith("{")]


def _wait_for(path: Path, process: subprocess.Popen) -> dict[str, str]:
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert process.poll() is None, "the process ended before it listened"
        assert time.monotonic() < deadline, "the process does not listen"
        time.sleep(0.02)
    return json.loads(path.read_text())

"""Round time and memory with 200 clients in one agent process."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import yaml

from benchmarks.result import Result, Row, Target
from benchmarks.workload import BACKBONE, Federation, high_water_mib, program, started
from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.demo.client_profiles import client_count
from pfi_cli.demo.clients import client_rows
from pfi_cli.local.layout import StateLayout

CLIENTS = 200
FEW = 20
ROUNDS = 3
ROWS = 24
LIMIT_SECONDS = 360.0
CONNECT_SECONDS = 300.0
KILOBYTES_PER_MEBIBYTE = 1048.576
MEGABYTES_PER_MEBIBYTE = 1.048576


@dataclass(frozen=True)
class Observed:
    """What one crowd did.

    Attributes:
        connect_seconds: From the start of the process to the last client's session.
        waiting_mib: Resident memory of the process when every client is connected.
        run_seconds: From submission to the end of the run.
        peak_mib: Highest resident memory by process.
        run: The run as the admin API describes it.
    """

    connect_seconds: float
    waiting_mib: float
    run_seconds: float
    peak_mib: dict[str, float]
    run: dict[str, Any]


class Crowd(Federation):
    """A federation whose agents are one fleet."""

    def __init__(self, folder: Path, clients: int) -> None:
        super().__init__(folder)
        self._folder = folder
        self._clients = clients

    def start(self) -> None:
        """Starts services; the fleet comes later."""
        self.pfi("up", "--detach")
        data = self._folder / "data"
        data.mkdir()
        for number in range(self._clients):
            rows = client_rows(number % client_count(), seed=number, rows=ROWS)
            text = "\n".join(json.dumps(row) for row in rows)
            (data / f"client_{number}.jsonl").write_text(text, encoding="utf-8")

    def start_fleet(self) -> tuple[float, psutil.Process]:
        """Starts the fleet, and gives the seconds until all are connected."""
        tokens, started = self._folder / "tokens.txt", time.monotonic()
        self.pfi("token", "create", "--count", str(self._clients), "--out", str(tokens))
        with (self._folder / "fleet.log").open("wb") as log:
            fleet = subprocess.Popen(
                [program("pfi-agent"), "fleet", "--clients", str(self._clients),
                 "--tokens", str(tokens), "--data", str(self._folder / "data"),
                 "--backbone", BACKBONE, "--state", str(self._folder / "fleet")],
                stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        self._agents.append(fleet)
        while self._connected() < self._clients:
            if fleet.poll() is not None or time.monotonic() - started > CONNECT_SECONDS:
                raise RuntimeError((self._folder / "fleet.log").read_text()[-2000:])
            time.sleep(0.5)
        return time.monotonic() - started, psutil.Process(fleet.pid)

    def _connected(self) -> int:
        with ApiClient(local_connection(StateLayout(self._folder / "state"))) as api:
            return sum(client.connected for client in api.clients())

    def train_crowd(self) -> tuple[float, dict[str, Any]]:
        """Trains a run; gives its seconds and what it became."""
        spec = self._folder / "spec.yaml"
        spec.write_text(yaml.safe_dump(specification(self._clients)))
        started = time.monotonic()
        run = json.loads(self.pfi("run", "submit", str(spec), "--watch", "--json"))
        return time.monotonic() - started, run


def specification(clients: int) -> dict[str, Any]:
    """A run of short tasks: what is measured is the crowd."""
    return {
        "name": "crowd",
        "backbone": {"model": BACKBONE},
        "local": {"steps": 2, "batch_size": 4, "learning_rate": 1.0e-3, "maximum_tokens": 128},
        "cohort": {"size": clients},
        "stop": {"rounds": ROUNDS},
    }


def crowd(clients: int) -> AbstractContextManager[Crowd]:
    """A crowd that is ended and deleted, whatever happens."""
    return started(lambda folder: Crowd(folder, clients))


def connected_memory(clients: int) -> float:
    """Resident memory (MiB) of a fleet that waits for work."""
    with crowd(clients) as running:
        _, process = running.start_fleet()
        return float(process.memory_info().rss) / 2**20


def observe() -> Observed:
    """One crowd, one run."""
    with crowd(CLIENTS) as running:
        connect_seconds, process = running.start_fleet()
        waiting_mib = process.memory_info().rss / 2**20
        run_seconds, run = running.train_crowd()
        peaks = running.peak_mib() | {"agent": high_water_mib(process.pid)}
        return Observed(connect_seconds, waiting_mib, run_seconds, peaks, run)


def round_seconds(run: dict[str, Any]) -> list[float]:
    """Wall time of each round, from its opening to its publication.

    Raises:
        ValueError: A round did not count every client at the first attempt.
    """
    if any((each["counted"], each["attempt"]) != (CLIENTS, 1) for each in run["rounds"]):
        raise ValueError("a round did not count every client at the first attempt")
    return [
        (_moment(each["published_at"]) - _moment(each["opened_at"])).total_seconds()
        for each in run["rounds"]
    ]


def measure(runs: int = 1) -> Result:
    """Trains crowds, and weighs a small fleet for comparison."""
    few_mib = connected_memory(FEW)
    seen = [observe() for _ in range(runs)]
    longest = max(one.connect_seconds + one.run_seconds for one in seen)
    return Result(
        name="fleet",
        about=f"{CLIENTS} clients in one `pfi-agent fleet`, each with its own certificate, data, "
        f"session and uploads; {ROUNDS} rounds with a cohort of {CLIENTS}; demo backbone.",
        rows=[*_times(seen), *_memory(seen, few_mib)],
        targets=[
            Target(
                f"{CLIENTS} clients x {ROUNDS} rounds on the demo backbone",
                "at most 6 minutes",
                f"{longest:.0f} s, enrolment included",
                longest <= LIMIT_SECONDS,
            )
        ],
        notes=[
            "One thread trains one client after the other, so a round lasts about as long as the "
            "sum of its clients' work. The agent's memory is mostly torch and the backbone, which "
            "all clients share; memory for each client is the difference between "
            f"{CLIENTS} and {FEW} connected clients, divided by their number.",
        ],
    )


def _times(seen: Sequence[Observed]) -> list[Row]:
    work = [
        sum(member["metrics"]["work_seconds"] for member in each["cohort"])
        for one in seen
        for each in one.run["rounds"]
    ]
    return [
        Row.of("round wall time", "s", [time for one in seen for time in round_seconds(one.run)]),
        Row.of("all clients' own training and evaluation in a round", "s", work),
        Row.of("enrolment and connection of all", "s", [one.connect_seconds for one in seen]),
        Row.of("run with closing evaluation", "s", [one.run_seconds for one in seen]),
    ]


def _memory(seen: Sequence[Observed], few_mib: float) -> list[Row]:
    each_mib = [(one.waiting_mib - few_mib) / (CLIENTS - FEW) for one in seen]
    peaks = {
        name: [one.peak_mib[name] * MEGABYTES_PER_MEBIBYTE for one in seen]
        for name in ("agent", "coordinator", "aggregator")
    }
    return [
        Row.of("memory of a waiting client", "kB", [KILOBYTES_PER_MEBIBYTE * m for m in each_mib]),
        *(Row.of(f"peak memory of {name}", "MB", values) for name, values in peaks.items()),
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

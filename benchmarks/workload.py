"""A federation of four agents on this machine that trains one run, driven by the commands."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import yaml

import pfi_cli.demo.backbone
from pfi_cli.demo.clients import write_client_data

CLIENTS = 4
ROUNDS = 6
STOP_SECONDS = 30
BACKBONE = next(iter(pfi_cli.demo.backbone.__path__))


@dataclass(frozen=True)
class Observed:
    """A finished run, and the memory of the services that led it.

    Attributes:
        run: The run as the admin API describes it.
        peak_mib: Highest resident memory by process name.
    """

    run: dict[str, Any]
    peak_mib: dict[str, float]


def program(name: str) -> str:
    """A console script beside this Python."""
    return str(Path(sys.executable).with_name(name))


def specification() -> dict[str, Any]:
    """A run like the demo's."""
    return {
        "name": "benchmark",
        "backbone": {"model": BACKBONE},
        "local": {"steps": 10, "batch_size": 4, "learning_rate": 1.0e-3},
        "personalize": {"method": "dual_adapter", "steps": 10},
        "cohort": {"size": CLIENTS},
        "stop": {"rounds": ROUNDS},
    }


class Federation:
    """Commands on one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / "state"
        self._agents: list[subprocess.Popen[bytes]] = []

    def pfi(self, *arguments: str) -> str:
        """Runs `pfi` with this state and gives its output."""
        command = [program("pfi"), *arguments, "--state", str(self._state)]
        done = subprocess.run(command, cwd=self._folder, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    def start(self) -> None:
        """Starts services and agents."""
        self.pfi("up", "--detach")
        for number in range(CLIENTS):
            data = write_client_data(self._folder / "data", number, seed=1, rows=200)
            self._agents.append(self._start_agent(number, data))

    def _start_agent(self, number: int, data: Path) -> subprocess.Popen[bytes]:
        token = self.pfi("token", "create").strip()
        log = (self._folder / f"agent-{number}.log").open("wb")
        return subprocess.Popen(
            [program("pfi-agent"), "start", "--token", token, "--name", f"client {number}",
             "--state", str(self._folder / f"agent-{number}"), "--data", str(data)],
            stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def train(self) -> dict[str, Any]:
        """Submits the run and waits for its end."""
        spec = self._folder / "spec.yaml"
        spec.write_text(yaml.safe_dump(specification()))
        run: dict[str, Any] = json.loads(self.pfi("run", "submit", str(spec), "--watch", "--json"))
        return run

    def peak_mib(self) -> dict[str, float]:
        """Highest resident memory of each service, its children counted in."""
        processes = json.loads((self._state / "federation.json").read_text())["processes"]
        return {name: _peak_mib(process["pid"]) for name, process in processes.items()}

    def stop(self) -> None:
        """Ends everything."""
        for agent in self._agents:
            agent.send_signal(signal.SIGTERM)
        for agent in self._agents:
            agent.wait(STOP_SECONDS)
        self.pfi("down")


F = TypeVar("F", bound=Federation)


def _peak_mib(pid: int) -> float:
    parent = psutil.Process(pid)
    return sum(
        high_water_mib(process.pid) for process in (parent, *parent.children(recursive=True))
    )


def high_water_mib(pid: int) -> float:
    """Highest resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def started(make: Callable[[Path], F]) -> Iterator[F]:
    """A federation that is ended and deleted, whatever happens.

    Args:
        make: Makes it in an empty folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="pfi-benchmark-"))
    running = make(folder)
    try:
        running.start()
        yield running
    finally:
        try:
            running.stop()
        finally:
            shutil.rmtree(folder)


def observe() -> Observed:
    """One federation, one run."""
    with started(Federation) as running:
        run = running.train()
        return Observed(run, running.peak_mib())

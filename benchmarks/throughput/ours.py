"""One run of ours: real services, mutual TLS, synthetic clients."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from benchmarks.throughput.scale import ENCODINGS, Scale, description, specification
from benchmarks.throughput.stages import Stages, stages_of
from benchmarks.workload import STOP_SECONDS, Federation, high_water_mib, started
from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.api.runs import Run
from pfi_cli.local.layout import StateLayout
from pfi_common.settings import DIRECT_WAITING
from pfi_common.spec import parse_run_spec

CONNECT_SECONDS = 300.0
RUN_SECONDS = 900.0
POLL_SECONDS = 0.5
BYTES_PER_MEBIBYTE = 1 << 20
BYTES_PER_MEGABYTE = 1e6


class SyntheticFederation(Federation):
    """Services of a federation, and one process with all its clients.

    Args:
        folder: Where everything lies.
        scale: How large it is.
    """

    def __init__(self, folder: Path, scale: Scale) -> None:
        super().__init__(folder)
        self._folder = folder
        self._scale = scale

    def start(self) -> None:
        """Starts services and clients, and waits until all are connected."""
        self.pfi("up", "--detach")
        tokens = str(self._folder / "tokens.txt")
        self.pfi("token", "create", "--count", str(self._scale.clients), "--out", tokens)
        asked = {
            "clients": self._scale.clients,
            "coordinates": self._scale.coordinates,
            "encoding": ENCODINGS[self._scale.kind][1],
        }
        (self._folder / "clients.json").write_text(json.dumps(asked))
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "benchmarks.throughput.clients", str(self._folder)]
            # As `pfi-agent` sets them for itself, before it imports gRPC.
            environment = {**DIRECT_WAITING, **os.environ}
            agents = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
            self._agents.append(agents)
        self._wait(self._connected, CONNECT_SECONDS)

    def run(self, rounds: int) -> Run:
        """Submits a run and waits for its end.

        Raises:
            RuntimeError: It did not complete.
        """
        spec = parse_run_spec(specification(self._scale, rounds))
        described = description(self._scale).model_dump(mode="json")
        with self._api() as api:
            run = api.submit_run(spec.model_dump(mode="json"), described).run
            self._wait(lambda: all(each.ended for each in api.runs()), RUN_SECONDS)
            ended = api.run(run)
        if ended.state != "completed":
            raise RuntimeError(f"{self._scale.name} {ended.state}: {ended.error}")
        return ended

    def cpu_seconds(self) -> Mapping[str, float]:
        """What each process has used until now, its children counted in."""
        return {name: _cpu_seconds(pid) for name, pid in self._processes().items()}

    def peak_megabytes(self) -> Mapping[str, float]:
        """Highest resident memory of each service, and of the process with all clients."""
        peaks = self.peak_mib() | {"clients": high_water_mib(self._agents[0].pid)}
        megabytes = BYTES_PER_MEBIBYTE / BYTES_PER_MEGABYTE
        return {name: round(peak * megabytes, 1) for name, peak in peaks.items()}

    def timeline(self) -> list[dict[str, float]]:
        """Ends the clients, and gives what each did when."""
        clients = self._agents.pop()
        clients.terminate()
        clients.wait(STOP_SECONDS)
        timeline: list[dict[str, float]] = json.loads((self._folder / "timeline.json").read_text())
        return timeline

    @property
    def _log(self) -> Path:
        return self._folder / "clients.log"

    def _processes(self) -> Mapping[str, int]:
        described = json.loads((self._folder / "state" / "federation.json").read_text())
        services = {name: int(item["pid"]) for name, item in described["processes"].items()}
        return services | {"clients": self._agents[0].pid}

    def _api(self) -> ApiClient:
        return ApiClient(local_connection(StateLayout(self._folder / "state")))

    def _connected(self) -> bool:
        with self._api() as api:
            return sum(client.connected for client in api.clients()) == self._scale.clients

    def _wait(self, condition: Callable[[], bool], limit_seconds: float) -> None:
        """Waits until something holds; the clients must live meanwhile."""
        end = time.monotonic() + limit_seconds
        while not condition():
            if self._agents[0].poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self._scale.name}: {self._log.read_text()[-2000:]}")
            time.sleep(POLL_SECONDS)


def observe(scale: Scale, rounds: int) -> dict[str, Any]:
    """Runs some rounds, the first one apart.

    Returns:
        Seconds of each round and of its stages, CPU seconds a round and peak memory (MB) by
        process; the first round warms up and is given apart.
    """
    with started(lambda folder: SyntheticFederation(folder, scale)) as running:
        before = running.cpu_seconds()
        run = running.run(rounds + 1)
        after = running.cpu_seconds()
        peaks = running.peak_megabytes()
        stages = stages_of(run, running.timeline())
    used = {name: round((after[name] - before[name]) / (rounds + 1), 4) for name in before}
    return {
        "first_round_seconds": stages[0].seconds,
        "round_seconds": [each.seconds for each in stages[1:]],
        "stages": {name: [each.parts[name] for each in stages[1:]] for name in Stages.NAMES},
        "cpu_seconds_per_round": used,
        "peak_megabytes": dict(peaks),
    }


def _cpu_seconds(pid: int) -> float:
    parent = psutil.Process(pid)
    times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))

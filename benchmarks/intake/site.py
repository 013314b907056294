"""An aggregator and the two handlers beside it, as processes."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import redis

from benchmarks.intake.members import SPOOL, Members
from benchmarks.workload import program
from pfi_cli.settings import inherited_environment
from pfi_common.tensors import encode
from pfi_common.tensors.encoding import EncodingValue

START_SECONDS = 60.0
HANDLERS = ("discard", "durable")
AGGREGATORS = {"aggregator": "0", "folding": str(1 << 30)}
"""Aggregators, by the bytes that each may fold ahead with."""
KINDS = (*HANDLERS, *AGGREGATORS)
DEVIATION = 1e-3


@dataclass(frozen=True)
class Intake:
    """What taking some uploads took.

    Attributes:
        seconds: From the first message to the last answer.
        cpu_seconds: Of the server.
        payload_bytes: Of all uploads.
    """

    seconds: float
    cpu_seconds: float
    payload_bytes: int


class Site:
    """The servers. `start` them, `upload` to them, and `stop` them.

    Args:
        folder: Empty; the caller's.
        redis_url: Of an empty Redis server.
        coordinates: Of an update.
    """

    def __init__(self, folder: Path, redis_url: str, coordinates: int) -> None:
        self._folder = folder
        self._redis_url = redis_url
        self._members = Members(folder, coordinates)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._round = 0

    def start(self) -> None:
        """Starts the three servers."""
        with redis.Redis.from_url(self._redis_url) as connection:
            connection.hset("pfi:federation", mapping={"authority": "bench", "version": "0"})
        for kind in KINDS:
            self._start(kind)

    def stop(self) -> None:
        """Ends them."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            process.wait(START_SECONDS)

    def upload(self, kind: str, clients: int, encoding: EncodingValue) -> Intake:
        """Has clients upload one update each to a server."""
        self._round += 1
        target, payload = self._target(kind), self._payload(encoding)
        data = payload.read_bytes()
        names = [f"c-{number:012}" for number in range(clients)]
        uploads = [
            {"client": name, "header": self._members.upload(name, self._round, data, encoding)}
            for name in names
        ]
        asked = {"target": target, "payload": payload.name, "uploads": uploads}
        (self._folder / "uploads.json").write_text(json.dumps(asked))
        if kind in HANDLERS:
            return self._send(kind, clients * len(data))
        self._members.open(target, self._round)
        try:
            return self._send(kind, clients * len(data))
        finally:
            self._members.let_go(target, self._round)

    def peak_megabytes(self, kind: str) -> float:
        """Highest resident memory of a server."""
        status = Path(f"/proc/{self._processes[kind].pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6

    def _send(self, kind: str, payload_bytes: int) -> Intake:
        server = psutil.Process(self._processes[kind].pid)
        before = sum(server.cpu_times()[:2])
        command = [sys.executable, "-m", "benchmarks.intake.sender", str(self._folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        cpu_seconds = sum(server.cpu_times()[:2]) - before
        return Intake(json.loads(done.stdout), cpu_seconds, payload_bytes)

    def _start(self, kind: str) -> None:
        command = [sys.executable, "-m", "benchmarks.intake.baseline", kind, str(self._folder)]
        environment = {**inherited_environment(), "OMP_NUM_THREADS": "1"}
        if kind in AGGREGATORS:
            command = [program("pfi-aggregator"), "serve"]
            environment |= self._settings(kind)
        log_path, endpoints = self._folder / f"{kind}.log", self._folder / f"{kind}.json"
        with log_path.open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._processes[kind] = process
        deadline = time.monotonic() + START_SECONDS
        while not endpoints.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log_path.read_text()[-2000:])
            time.sleep(0.05)

    def _settings(self, kind: str) -> dict[str, str]:
        values = {
            "STATE": self._state(kind),
            "SPOOL": self._folder / f"spool-of-{kind}",
            "SPOOL_NAME": SPOOL,
            "ARTIFACTS_URL": (self._folder / "artifacts").as_uri(),
            "REDIS_URL": self._redis_url,
            "ENDPOINTS_FILE": self._folder / f"{kind}.json",
            "LOG_LEVEL": "WARNING",
            "FOLD_AHEAD_BYTES": AGGREGATORS[kind],
        }
        return {f"PFI_AGGREGATOR_{name}": str(value) for name, value in values.items()}

    def _state(self, kind: str) -> Path:
        """Gives each aggregator a state folder of its own with the same identity."""
        folder = self._folder / f"state-of-{kind}"
        shutil.copytree(self._folder / "state", folder)
        return folder

    def _target(self, kind: str) -> str:
        return str(json.loads((self._folder / f"{kind}.json").read_text())["aggregator"])

    def _payload(self, encoding: EncodingValue) -> Path:
        path = self._folder / f"payload-{encoding}"
        if not path.exists():
            count = self._members.schema.coordinate_count
            vector = np.random.default_rng(7).standard_normal(count, dtype=np.float32)
            path.write_bytes(encode(encoding, vector * np.float32(DEVIATION), seed=7))
        return path

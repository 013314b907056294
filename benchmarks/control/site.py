"""A coordinator in a process of its own, its Redis, and clients that are enrolled with it."""

import asyncio
import json
import random
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from benchmarks.control.members import enrol
from benchmarks.workload import program
from pfi_cli.local.redis_server import RedisServer
from pfi_cli.settings import inherited_environment
from pfi_common.clock import SystemClock
from pfi_coordinator.bootstrap.identities import initialise
from pfi_coordinator.settings import CoordinatorSettings

FEDERATION = "bench"
HOSTS = ("localhost", "127.0.0.1")
START_SECONDS = 60.0
PORTS = range(20_000, 30_000)
"""Below those that systems give to connections."""
NOBODY = "127.0.0.1:1"
"""Address of an aggregator that does not answer: these agents upload nothing."""


class ControlSite:
    """The servers; they end with the block.

    Args:
        folder: Empty; the caller's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._redis = RedisServer(folder / "redis")
        self._coordinator: subprocess.Popen[bytes] | None = None
        self._port = _free_port()

    def __enter__(self) -> "ControlSite":
        initialise(self.folder / "state", FEDERATION, HOSTS, SystemClock())
        self._redis.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._coordinator is not None:
            self.stop_coordinator()
        self._redis.stop()

    @property
    def settings(self) -> CoordinatorSettings:
        """What the coordinator is started with."""
        return CoordinatorSettings(
            state=self.folder / "state",
            redis_url=self._redis.url,
            artifacts_url=(self.folder / "artifacts").as_uri(),
            aggregators={"spool-0": NOBODY},
            endpoints_file=self.folder / "coordinator.json",
            session_address=f"127.0.0.1:{self._port}",
            drain_seconds=5,
        )

    @property
    def target(self) -> str:
        """Address of sessions; the same after a restart."""
        return str(json.loads((self.folder / "coordinator.json").read_text())["session"])

    @property
    def log(self) -> str:
        """What the coordinator wrote."""
        return (self.folder / "coordinator.log").read_text()

    def enrol(self, count: int) -> None:
        """Enrols clients, and writes who they are to `members.json`."""
        members = asyncio.run(enrol(self.settings, count))
        (self.folder / "members.json").write_text(json.dumps(members))

    def start_coordinator(self) -> None:
        """Starts it and returns when it listens."""
        settings = self.settings.model_dump(mode="json", exclude_none=True)
        environment = inherited_environment() | {
            f"PFI_COORDINATOR_{name.upper()}": _text(value) for name, value in settings.items()
        }
        log_path, endpoints = self.folder / "coordinator.log", self.folder / "coordinator.json"
        endpoints.unlink(missing_ok=True)
        with log_path.open("ab") as log:
            command = [program("pfi-coordinator"), "serve"]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._coordinator = process
        deadline = time.monotonic() + START_SECONDS
        while not endpoints.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log[-2000:])
            time.sleep(0.05)

    def stop_coordinator(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it."""
        if self._coordinator is not None:
            self._coordinator.send_signal(number)
            self._coordinator.wait(START_SECONDS)

    @property
    def coordinator(self) -> psutil.Process:
        """Its process."""
        if self._coordinator is None:
            raise RuntimeError("the coordinator was not started")
        return psutil.Process(self._coordinator.pid)

    @property
    def redis(self) -> psutil.Process:
        """The process of Redis."""
        if self._redis.pid is None:
            raise RuntimeError("Redis was not started")
        return psutil.Process(self._redis.pid)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _free_port() -> int:
    """Finds a port that no connection takes by itself while the coordinator is away."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.choice(PORTS)))
            return int(probe.getsockname()[1])

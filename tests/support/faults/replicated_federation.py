"""A federation with several replicas of the coordinator, whose leader a test kills."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from tests.support.faults.federation import END_SECONDS, FaultFederation
from tests.support.faults.logs import read_events
from tests.support.faults.replay import Replay

from pfi_cli.local.scale import Scale
from pfi_cli.local.waiting import wait_until
from pfi_client_agent.adapters.fleet_data import client_files
from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_common.clock import SystemClock
from pfi_common.identity import load_identity

FLEET = "river"


@dataclass(frozen=True)
class Takeover:
    """What happened when a leader was killed.

    Attributes:
        victim: The process that was killed.
        leader: The process that leads now.
        seconds: From the kill to the line in its log that says so.
        round_number: The run's round at the kill; 0 between rounds.
        phase: That round's phase, or the run's between rounds.
    """

    victim: str
    leader: str
    seconds: float
    round_number: int
    phase: str


@dataclass(frozen=True)
class RunPosition:
    """How far a run is, as its state in Redis says.

    Attributes:
        revision: Decisions so far.
        round_number: The round under way; 0 between rounds.
        phase: Of that round, or of the run.
        ended: Whether the run has ended.
    """

    revision: int
    round_number: int
    phase: str
    ended: bool


class ReplicatedFederation(FaultFederation):
    """Coordinators `coordinator`, `coordinator-1`, ...; the clients are one fleet."""

    def __init__(self, folder: Path, replay: Replay, replicas: int = 3) -> None:
        scale = Scale(coordinators=replicas)
        super().__init__(folder, replay, scale)
        self.replicas = scale.coordinator_names
        self.store = redis.Redis(unix_socket_path=str(self.local.redis.socket_path))
        self._rows: dict[str, Path] = {}
        self._beginning: list[str] = []

    def __exit__(self, *failure: Any) -> None:
        self.store.close()
        super().__exit__(*failure)

    # Clients

    def join_fleet(self, clients: int, data: Path) -> None:
        """Adds a fleet, with one file of a folder for each client, and waits until it is there."""
        self.add_fleet(FLEET, clients, data)
        self.wait_until_connected(clients)
        folder = FleetFolder(self.layout.agents / FLEET)
        self._rows = {
            load_identity(folder.client(number).identity).identity.name: file
            for number, file in enumerate(client_files(data, clients))
        }

    def rows_of(self, client: str) -> Path:
        """The rows of a client of the fleet."""
        return self._rows[client]

    def agent_logs(self) -> Sequence[Path]:
        """The log of the fleet."""
        return [self.layout.log(FLEET)]

    # Replicas

    def revive(self, name: str) -> None:
        """Starts a replica that was killed, and does not wait for it."""
        self.local.service(name).start(self.endpoints)
        self._beginning.append(name)

    def wait_until_all_ready(self, but: int = 0) -> None:
        """Waits until replicas that were revived can work, but for so many that came last."""
        while len(self._beginning) > but:
            self.local.service(self._beginning.pop(0)).wait_until_ready(self.endpoints)

    def leader(self) -> str:
        """Waits until a replica that runs holds the lease, and names its process."""
        found: list[str] = []

        def leads() -> bool:
            held = self.store.get("pfi:leader")
            name = held.decode().partition("|")[0] if held else ""
            process = "coordinator" if name == "coordinator-0" else name
            running = process in self.replicas and self.pid(process) is not None
            found.append(process)
            return running

        assert wait_until(leads, END_SECONDS), self.describe()
        return found[-1]

    def elections(self, name: str) -> Sequence[dict[str, Any]]:
        """Every time that a process began to lead."""
        return read_events(self.layout.log(name), "leader_elected")

    def kill_leader(self, run: str) -> Takeover:
        """Kills the leader by SIGKILL, and returns when another one leads; the victim is away."""
        victim, before = self.leader(), self.position(run)
        led = {name: len(self.elections(name)) for name in self.replicas if name != victim}
        highest = max(
            event["leader_token"] for name in self.replicas for event in self.elections(name)
        )
        killed = SystemClock().now()
        self.kill(victim)

        def taken_over() -> list[str]:
            return [name for name, count in led.items() if len(self.elections(name)) > count]

        assert wait_until(lambda: bool(taken_over()), END_SECONDS), self.describe()
        (leader,) = taken_over()
        elected = self.elections(leader)[-1]
        assert elected["leader_token"] > highest
        seconds = (datetime.fromisoformat(elected["time"]) - killed).total_seconds()
        return Takeover(victim, leader, seconds, before.round_number, before.phase)

    def position(self, run: str) -> RunPosition:
        """How far a run is."""
        state, revision = self.store.hmget(f"pfi:run:{run}", ["state", "revision"])
        assert state is not None
        assert revision is not None
        document = json.loads(state)
        current, last = document["round"], document["last_round"]
        number = (current or last or {"number": 0})["number"]
        phase = current["phase"] if current else document["phase"]
        ended = document["phase"] in {"completed", "failed", "cancelled"}
        return RunPosition(int(revision), number, phase, ended)

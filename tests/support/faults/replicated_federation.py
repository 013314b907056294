"""A federation with several replicas of the coordinator, whose leader a test kills."""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from pfi_common.identity import load_identity

FLEET = "river"
_LOOK_SECONDS = 0.01


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
        self.fleet_data: Path | None = None
        self.fleet_size = 0

    def __exit__(self, *failure: Any) -> None:
        self.store.close()
        super().__exit__(*failure)

    # Clients

    def join_fleet(self, clients: int, data: Path) -> None:
        """Adds a fleet, with one file of a folder for each client, and waits until it is there."""
        self.fleet_data, self.fleet_size = data, clients
        self.add_fleet(FLEET, clients, data)
        self.wait_until_connected(clients)

    def rows_of(self, client: str) -> Path:
        """The rows of a client of the fleet."""
        assert self.fleet_data is not None
        folder = FleetFolder(self.layout.agents / FLEET)
        files = client_files(self.fleet_data, self.fleet_size)
        clients = {
            load_identity(folder.client(number).identity).identity.name: file
            for number, file in enumerate(files)
        }
        return clients[client]

    def agent_logs(self) -> Sequence[Path]:
        """The log of the fleet."""
        return [self.layout.log(FLEET)]

    # Leaders

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
        highest = self._highest_token()
        killed = time.monotonic()
        self.kill(victim)

        def taken_over() -> list[str]:
            return [name for name, count in led.items() if len(self.elections(name)) > count]

        self._wait_for(lambda: bool(taken_over()), "nobody took over")
        seconds = time.monotonic() - killed
        (leader,) = taken_over()
        assert self.elections(leader)[-1]["leader_token"] > highest
        return Takeover(victim, leader, seconds, before.round_number, before.phase)

    def kill_leaders(self, run: str, kills: int, rounds: int, seed: int) -> Sequence[Takeover]:
        """Kills leaders at random points, spread over the rounds of a run.

        A point is a number of decisions after the beginning of a round, and a moment more.
        """
        chance, takeovers = random.Random(seed), []
        for kill in range(kills):
            self._wait_for_point(run, 1 + kill * (rounds - 1) // kills, chance)
            takeovers.append(self.kill_leader(run))
            self.start(takeovers[-1].victim)
        return takeovers

    def _wait_for_point(self, run: str, number: int, chance: random.Random) -> None:
        def begun() -> bool:
            return self.position(run).round_number >= number

        self._wait_for(begun, f"round {number} did not begin")
        at = self.position(run)
        wanted = at.revision + chance.randrange(25)

        def reached() -> bool:
            now = self.position(run)
            return now.revision >= wanted or now.round_number > number

        self._wait_for(reached, "the run stands still")
        time.sleep(chance.uniform(0.0, 0.1))  # between two decisions
        assert not self.position(run).ended, "the run ended before the leader was killed"

    def position(self, run: str) -> RunPosition:
        """How far a run is."""
        state, revision = self.store.hmget(f"pfi:run:{run}", ["state", "revision"])
        assert state is not None
        document = json.loads(state)
        current, last = document["round"], document["last_round"]
        number = (current or last or {"number": 0})["number"]
        phase = current["phase"] if current else document["phase"]
        ended = document["phase"] in {"completed", "failed", "cancelled"}
        return RunPosition(int(revision), number, phase, ended)

    def _highest_token(self) -> int:
        tokens = [event["leader_token"] for name in self.replicas for event in self.elections(name)]
        return max(tokens)

    def _wait_for(self, condition: Callable[[], bool], failure: str) -> None:
        end = time.monotonic() + END_SECONDS
        while not condition():
            assert time.monotonic() < end, f"{failure}\n{self.describe()}"
            time.sleep(_LOOK_SECONDS)

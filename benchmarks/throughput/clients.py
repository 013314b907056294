"""Many clients in one process, which send the same synthetic updates in every round.

Sessions, downloads, tickets, uploads and receipts are the agent's own; only training, evaluation
and what is kept on the device is left out. `python -m benchmarks.throughput.clients FOLDER` reads
`FOLDER/clients.json` and works until SIGTERM; then it writes `FOLDER/timeline.json`.
"""

import asyncio
import hashlib
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.throughput.untaught import HashingCache, Untaught, rows
from pfi.aggregator.v1.update_service_pb2 import UpdateHeader
from pfi.coordinator.v1.session_service_pb2 import TaskCompleted
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_client_agent.adapters.fleet_observer import FleetObserver
from pfi_client_agent.adapters.learning_thread import LearningThread
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.enrol_fleet import EnrolFleet
from pfi_client_agent.application.fleet_members import FleetMember
from pfi_client_agent.application.fleet_tally import FleetTally
from pfi_client_agent.application.metrics import metric_messages
from pfi_client_agent.application.run_agent import work_for_federation
from pfi_client_agent.application.transfers import Transfers
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.bootstrap import build_workplace
from pfi_common.clock import SystemClock
from pfi_common.errors import PlatformError
from pfi_common.identity import load_identity
from pfi_common.tensors import encode
from pfi_common.tensors.encoding import EncodingValue

DISTINCT_UPDATES = 8
"""Clients share so many updates, which the process holds in memory."""
CONNECTING = 16
DEVIATION = 1e-3


@dataclass(frozen=True)
class Update:
    """An encoded update, made once."""

    payload: bytes
    sha256: str


def make_updates(count: int, coordinates: int, encoding: EncodingValue) -> list[Update]:
    """Encodes normal random vectors; equal arguments give equal bytes."""
    made = []
    for seed in range(count):
        vector = np.random.default_rng(seed).standard_normal(coordinates, dtype=np.float32)
        payload = encode(encoding, vector * np.float32(DEVIATION), seed=seed)
        made.append(Update(payload, hashlib.sha256(payload).hexdigest()))
    return made


class SyntheticClients:
    """Clients without data.

    Args:
        folder: State of the clients.
        count: How many.
        updates: What they send.
        coordinates: Of the adapter.
    """

    def __init__(
        self, folder: FleetFolder, count: int, updates: list[Update], coordinates: int
    ) -> None:
        self.timeline: list[dict[str, float]] = []
        self._folder = folder
        self._members = [
            FleetMember(number, f"client {number}", folder.client(number), rows())
            for number in range(count)
        ]
        self._updates = updates
        self._coordinates = coordinates
        self._tally = FleetTally(count)
        self._learning = LearningThread(Untaught)

    async def run(self, tokens: list[str], stop: asyncio.Event) -> None:
        """Enrols, then works until `stop` is set."""
        enrol = EnrolFleet(self._folder, SystemClock(), enrolled=lambda _: None, failed=_refused)
        await enrol(self._members, tokens)
        connecting = asyncio.Semaphore(CONNECTING)
        try:
            async with asyncio.TaskGroup() as group:
                for member in self._members:
                    group.create_task(self._work(member, connecting, stop))
        finally:
            self._learning.close()

    async def _work(
        self, member: FleetMember, connecting: asyncio.Semaphore, stop: asyncio.Event
    ) -> None:
        connected = asyncio.Event()
        async with connecting:
            place = self._workplace(member, connected.set)
            update = self._updates[member.number % len(self._updates)]

            async def perform(task: Task, _: Workplace, __: TaskControl) -> TaskCompleted:
                return await self._perform(task, place, update)

            working = asyncio.create_task(work_for_federation(place, stop, perform))
            await connected.wait()
        await working

    def _workplace(self, member: FleetMember, connected: Callable[[], None]) -> Workplace:
        client = load_identity(member.folder.identity).identity.name
        observer = FleetObserver(member.number, client, self._tally, connected)
        place = build_workplace(member.folder, member.data, self._learning, observer)
        return replace(place, cache=HashingCache(member.folder.adapter_cache))

    async def _perform(self, task: Task, place: Workplace, update: Update) -> TaskCompleted:
        if task.WhichOneof("work") != "train":
            return TaskCompleted(metrics=metric_messages({"EVAL_LOSS_SHARED": 1.0}))
        times = {"round": float(task.round), "begun": time.time()}
        async with Transfers(place, task) as transfers:
            await transfers.fetch_base(self._coordinates)
            times["downloaded"] = time.time()
            receipt = await transfers.upload(_header(task, update), update.payload, fresh=True)
        self.timeline.append(times | {"committed": time.time()})
        return TaskCompleted(receipt=receipt, metrics=metric_messages({"TRAIN_LOSS": 1.0}))


def _header(task: Task, update: Update) -> UpdateHeader:
    return UpdateHeader(
        ticket=task.train.ticket,
        encoding=task.train.upload_encoding,
        payload_bytes=len(update.payload),
        payload_sha256=update.sha256,
        example_count=1,
        steps_done=task.train.local.steps,
        base_digest=task.base_form.payload_sha256 or task.base.digest,
    )


def _refused(member: FleetMember, error: PlatformError) -> None:
    raise RuntimeError(f"client {member.number} cannot enrol") from error


async def main(folder: Path) -> None:
    """Runs the clients that `clients.json` describes."""
    asked = json.loads((folder / "clients.json").read_text())
    updates = make_updates(
        min(DISTINCT_UPDATES, asked["clients"]), asked["coordinates"], asked["encoding"]
    )
    state = FleetFolder(folder / "clients")
    clients = SyntheticClients(state, asked["clients"], updates, asked["coordinates"])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await clients.run((folder / "tokens.txt").read_text().split(), stop)
    (folder / "timeline.json").write_text(json.dumps(clients.timeline))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

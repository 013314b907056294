"""The world outside the coordinator: devices take tasks, train, upload, or do not."""

import numpy as np

from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario, Work
from pfi_coordinator.domain.simulation.calendar import Calendar, Due
from pfi_coordinator.domain.simulation.fleet import Fleet, Numbers, Rows, device_of
from pfi_coordinator.domain.simulation.histories import Histories
from pfi_coordinator.domain.simulation.inbox import Inbox, News
from pfi_coordinator.domain.simulation.jobs import NOBODY, Fate, Job
from pfi_coordinator.domain.simulation.spools import SimulatedSpools
from pfi_coordinator.domain.simulation.tally import Tally
from pfi_coordinator.domain.simulation.workers import Workers
from pfi_coordinator.domain.spools import spool_of
from pfi_coordinator.domain.state import RoundState

_TASK_STREAM = 3


class World:
    """Devices, network and spools.

    Attributes:
        inbox: What the coordinator has not looked at yet.
        workers: The devices.
        jobs: Everything that was handed out.
        histories: What the run remembers of clients.
    """

    def __init__(
        self, fleet: Fleet, assumptions: Assumptions, scenario: Scenario, work: Work
    ) -> None:
        self.fleet, self.work, self.assumptions = fleet, work, assumptions
        self.calendar = Calendar(scenario.begin_hour * 3600.0)
        self.tally = Tally()
        self.histories = Histories(fleet, assumptions.learning, kept=work.keeps_history)
        self.inbox = Inbox(self.histories.report)
        self.jobs: list[Job] = []
        self.workers = Workers(fleet, assumptions.devices.battery, self.calendar)
        self.spools = SimulatedSpools(scenario.spools, assumptions.service.ingest_bytes_per_second)
        self._rng = np.random.default_rng([scenario.seed, _TASK_STREAM])
        self._dealt: dict[int, RoundState] = {}

    def hand_out(self, job: Job, clients: tuple[str, ...], dealt: RoundState | None) -> None:
        """Gives clients their tasks, one after the other; who is away hears of it later.

        Args:
            job: Without tasks of these clients.
            clients: Who gets one.
            dealt: The attempt, which says where updates lie; None for an evaluation.
        """
        if dealt is not None:
            self._dealt[job.index] = dealt
        devices = np.array([device_of(client) for client in clients], dtype=np.int64)
        for device in devices[self.workers.job[devices] != NOBODY].tolist():
            self._end(self.jobs[self.workers.job[device]], device, Fate.DROPPED)
        job.handed_out += len(devices)
        service, network = self.assumptions.service, self.assumptions.devices.network
        self.workers.take(job.index, devices, *self._efforts(job, devices))
        turns = np.arange(1, len(devices) + 1, dtype=np.float64)
        handed = self.calendar.now + service.hand_out_seconds * turns
        self.workers.hear(devices, handed + network.latency_seconds)
        self.tally.download_bytes += len(devices) * self.work.download_bytes
        self.tally.happenings += len(devices)

    def _efforts(self, job: Job, devices: Rows) -> tuple[Numbers, Numbers]:
        """Gives seconds of work of each task, and after how many of them it is given back."""
        fleet, work, model = self.fleet, self.work, self.assumptions.devices
        tokens = work.evaluate_tokens if job.is_evaluation else work.train_tokens
        up_bytes = 0 if job.is_evaluation else work.upload_bytes
        seconds = (
            2 * model.network.latency_seconds
            + work.download_bytes / fleet.download_bytes_per_second[devices]
            + tokens / fleet.tokens_per_second[devices]
            + up_bytes / fleet.upload_bytes_per_second[devices]
        )
        drawn = self._rng.random((3, len(devices)))
        given_back = drawn[0] < model.failures.given_back
        silent = drawn[1] < model.failures.silent
        gives_back_in = np.where(given_back, drawn[2] * seconds, np.inf)
        return np.where(silent, np.inf, seconds), gives_back_in

    def take_back(self, job: Job, clients: tuple[str, ...]) -> None:
        """Cancels the tasks of these clients that are still open."""
        for client in clients:
            device = device_of(client)
            if self.workers.job[device] == job.index:
                self._end(job, device, self._fate_of_open(job, device))
        self.tally.happenings += len(clients)

    def _fate_of_open(self, job: Job, device: int) -> Fate:
        if job.is_evaluation:
            return Fate.UNANSWERED
        return Fate.STOPPED if self.workers.would_finish(device) else Fate.DROPPED

    def seal(self, job: Job) -> tuple[str, ...]:
        """Fixes the counted set and gives it."""
        job.over = True
        self.tally.participants.update(job.committed)
        return tuple(sorted(self._settled(job, Fate.COUNTED)))

    def void(self, job: Job) -> None:
        """Forgets the updates of an aborted attempt."""
        job.over = True
        self._settled(job, Fate.VOIDED)

    def work_done(self, device: int, token: int) -> None:
        """Lets an update arrive, or an answer."""
        if not self.workers.holds(device, token):
            return
        job = self.jobs[self.workers.job[device]]
        now, latency = self.calendar.now, self.assumptions.devices.network.latency_seconds
        if job.is_evaluation:
            self._end(job, device, Fate.UNANSWERED if job.over else Fate.ANSWERED)
            self.calendar.at(now + latency, Due.REPORTED, device, job.index)
            return
        self.workers.drop(device)
        job.arriving[device] = float(self.workers.spent[device])
        durable = self.spools.take_in(self._spool(job, device), self.work.upload_bytes, now)
        self.calendar.at(durable, Due.COMMITTED, device, job.index)

    def work_stops(self, device: int, token: int) -> None:
        """Interrupts a task that its device goes on with when it is back."""
        if self.workers.holds(device, token):
            if self.workers.pause(device):
                self.tally.flat_batteries += 1
            else:
                self.tally.interruptions += 1

    def given_back(self, device: int, token: int) -> None:
        """Lets a client give its task back."""
        if self.workers.holds(device, token):
            job = self.jobs[self.workers.job[device]]
            self._end(job, device, Fate.UNANSWERED if job.is_evaluation else Fate.GIVEN_BACK)
            kind = News.ANSWERED if job.is_evaluation else News.GIVEN_BACK
            self.inbox.tell(kind, job, self._name(device))

    def committed(self, device: int, index: int) -> None:
        """Makes an update durable, or refuses one that is late."""
        job = self.jobs[index]
        spent = job.arriving.pop(device)
        self.tally.committed(self.calendar.now, self.work.upload_bytes)
        if job.over:
            self._ended(job, Fate.LATE, spent)
            return
        job.committed[device] = spent
        self.inbox.tell(News.COMMITTED, job, self._name(device))
        latency = self.assumptions.devices.network.latency_seconds
        self.calendar.at(self.calendar.now + latency, Due.REPORTED, device, index)

    def reported(self, device: int, index: int) -> None:
        """Lets a receipt or an answer reach the coordinator."""
        job = self.jobs[index]
        kind = News.ANSWERED if job.is_evaluation else News.REPORTED
        self.inbox.tell(kind, job, self._name(device))

    def close(self) -> None:
        """Ends the tasks that are open when the simulation ends; late updates are late."""
        for job in self.jobs:
            for spent in job.arriving.values():
                self._ended(job, Fate.LATE if job.over else Fate.OPEN, spent)
            job.arriving.clear()
            if not job.over:
                self._settled(job, Fate.OPEN)
        for device in np.flatnonzero(self.workers.job != NOBODY).tolist():
            self._end(self.jobs[self.workers.job[device]], device, Fate.OPEN)

    def _settled(self, job: Job, fate: Fate) -> list[str]:
        """Ends the tasks whose updates are durable; gives the clients."""
        for spent in job.committed.values():
            self._ended(job, fate, spent)
        names = [self._name(device) for device in job.committed]
        job.committed.clear()
        return names

    def _end(self, job: Job, device: int, fate: Fate) -> None:
        """Ends the task that a device holds."""
        self.workers.drop(device)
        self._ended(job, fate, float(self.workers.spent[device]))

    def _ended(self, job: Job, fate: Fate, spent_seconds: float) -> None:
        job.fates[fate] += 1
        self.tally.ended(fate, spent_seconds)

    def _name(self, device: int) -> str:
        return str(self.fleet.names[device])

    def _spool(self, job: Job, device: int) -> str:
        dealt = self._dealt[job.index]
        if len(dealt.spools) < 2:  # noqa: PLR2004
            return self.spools.names[0]
        return spool_of(dealt.spools, dealt.dealing, self._name(device))

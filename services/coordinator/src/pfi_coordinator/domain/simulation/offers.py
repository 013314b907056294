"""Which of the simulated devices a line could select now."""

import numpy as np

from pfi_coordinator.domain.demands import Demands
from pfi_coordinator.domain.draws import rank
from pfi_coordinator.domain.events import ClientsEligible
from pfi_coordinator.domain.selection import MOST_COMPARED
from pfi_coordinator.domain.simulation.fleet import Flags, Rows, device_of
from pfi_coordinator.domain.simulation.histories import Histories
from pfi_coordinator.domain.simulation.world import World
from pfi_coordinator.domain.state import GLOBAL, RoundState, RunState

_PERCENT = 100.0


class Offers:
    """Looks for clients as the driver of a run does.

    Demands are looked at for all devices at once; that it comes to the same as asking the session
    of each is tested. Of very many devices only those are offered that the draw of the round puts
    first: the policies would take none of the others.
    """

    def __init__(self, world: World, demands: Demands, histories: Histories) -> None:
        self._world, self._demands, self._histories = world, demands, histories

    def count(self, line: RunState) -> int:
        """Counts the devices that could be selected."""
        return int(np.count_nonzero(self.eligible(line)))

    def offer(self, line: RunState, current: RoundState) -> ClientsEligible:
        """Tells a line who could be selected, and where updates could lie."""
        devices = self._first_drawn(np.flatnonzero(self.eligible(line)), line, current)
        clients = tuple(self._world.fleet.names[devices].tolist())
        spools = self._world.spools.names
        return ClientsEligible(
            clients,
            spools,
            len(spools),
            facts=self._histories.find(clients),
            absent=self.absent(line, current),
            line=line.line,
        )

    def absent(self, line: RunState, current: RoundState) -> tuple[str, ...]:
        """Gives clients with an open task that have been away for longer than the run allows."""
        if not current.open or not line.rules.selection.replace:
            return ()
        named = (line.line, current.number, current.attempt)
        jobs = reversed(self._world.jobs)
        job = next((job for job in jobs if (job.line, job.number, job.attempt) == named), None)
        if job is None:
            return ()
        away = self._world.workers.away(job.index, line.rules.selection.absence_seconds)
        return tuple(self._world.fleet.names[away].tolist())

    def eligible(self, line: RunState) -> Flags:
        """Gives which devices are there and meet the demands of the run."""
        found = self._world.workers.online & self.meeting()
        if line.line == GLOBAL:
            return found
        members = np.zeros(self._world.fleet.size, dtype=bool)
        members[[device_of(client) for client in line.members]] = True
        return found & members

    def meeting(self) -> Flags:
        """Gives which devices meet the demands of the run, were they there."""
        demands, workers = self._demands, self._world.workers
        mains = workers.charging
        least = self._world.assumptions.devices.battery.least_level
        met = self._world.fleet.training_rows >= demands.minimum_rows
        met &= mains | (workers.level > least)  # others are not ready
        if demands.charging:
            met &= mains
        if demands.battery_at_least:
            met &= workers.level * _PERCENT >= demands.battery_at_least
        if demands.unmetered:
            met &= ~workers.metered
        if demands.idle:
            # A visit by day is a person who holds the device; by night nobody does.
            met &= mains
        return np.asarray(met, dtype=bool)

    def _first_drawn(self, devices: Rows, line: RunState, current: RoundState) -> Rows:
        rules = line.rules
        taken = len(current.open) + len(current.committed) + len(current.closed)
        most = max(MOST_COMPARED, 4 * rules.selected_count) + taken + len(line.unwilling)
        if len(devices) <= most:
            return devices
        names = self._world.fleet.names[devices].tolist()
        ranks = [rank(rules.seed, current.number, name)[:8] for name in names]
        drawn = np.argsort(np.frombuffer(b"".join(ranks), dtype=">u8"), kind="stable")
        return np.sort(devices[drawn[:most]])

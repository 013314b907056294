"""Which of the simulated devices a line could select now."""

import numpy as np

from pfi_coordinator.domain.demands import Demands
from pfi_coordinator.domain.events import ClientsEligible
from pfi_coordinator.domain.selection import MOST_COMPARED
from pfi_coordinator.domain.simulation.fleet import Flags, Rows, device_of
from pfi_coordinator.domain.simulation.histories import Histories
from pfi_coordinator.domain.simulation.round_ranks import RoundRanks
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
        self._ranks = RoundRanks(world.fleet)

    def count(self, line: RunState) -> int:
        """Counts the devices that could be selected."""
        return int(np.count_nonzero(self.eligible(line)))

    def offer(self, line: RunState, current: RoundState) -> ClientsEligible:
        """Tells a line that waits who could be selected, and where updates could lie."""
        clients = self._first_drawn(self.eligible(line), line, current)
        facts, spools = self._histories.find(clients), self._world.spools.names
        return ClientsEligible(clients, spools, len(spools), facts=facts, line=line.line)

    def substitutes(
        self, line: RunState, current: RoundState, absent: tuple[str, ...]
    ) -> ClientsEligible:
        """Tells an open round who could take the places of those that dropped out."""
        found = self.eligible(line)
        found[[device_of(client) for client in current.cohort]] = False
        clients = self._first_drawn(found, line, current)
        facts = self._histories.find(clients)
        return ClientsEligible(clients, facts=facts, absent=absent, line=line.line)

    def absent(self, line: RunState, current: RoundState) -> tuple[str, ...]:
        """Gives clients with an open task that have been away for longer than the run allows."""
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

    def _first_drawn(self, found: Flags, line: RunState, current: RoundState) -> tuple[str, ...]:
        devices = self._few(np.flatnonzero(found), line, current)
        return tuple(self._world.fleet.names[devices].tolist())

    def _few(self, devices: Rows, line: RunState, current: RoundState) -> Rows:
        rules = line.rules
        most = max(MOST_COMPARED, 4 * rules.selected_count) + len(line.unwilling)
        if len(devices) <= most:
            return devices
        return self._ranks.first(devices, most, seed=rules.seed, number=current.number)

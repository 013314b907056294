"""The devices at work: a task begins, is interrupted when its device leaves, and goes on later."""

import math
from typing import Any

import numpy as np

from pfi_coordinator.domain.simulation.calendar import Calendar, Due
from pfi_coordinator.domain.simulation.device_model import Battery
from pfi_coordinator.domain.simulation.fleet import Fleet, Numbers, Rows
from pfi_coordinator.domain.simulation.jobs import NOBODY
from pfi_coordinator.domain.simulation.trace import Stays

_HOUR_SECONDS = 3600.0
_NEVER = np.inf


class Workers:
    """State of every device that changes with time; one element each.

    Attributes:
        online: Whether the device is there.
        charging: Whether on mains.
        metered: Whether on a metered network.
        job: Job that the device has a task of, or `NOBODY`.
        token: Which entry of the calendar about the device is valid.
        spent: Seconds of work that its task has taken so far.
        busy: How many devices work.
    """

    def __init__(self, fleet: Fleet, battery: Battery, calendar: Calendar) -> None:
        self._battery, self._calendar = battery, calendar
        size = fleet.size
        self.online = np.zeros(size, dtype=bool)
        self.charging = np.zeros(size, dtype=bool)
        self.metered = np.zeros(size, dtype=bool)
        self.level = np.ones(size)
        self.job = np.full(size, NOBODY, dtype=np.int64)
        self.token = np.zeros(size, dtype=np.int64)
        self.spent = np.zeros(size)
        self._stay_end = np.zeros(size)
        self._left_at = np.full(size, -np.inf)
        self._remaining = np.zeros(size)
        self._gives_back_in = np.full(size, _NEVER)
        self._began = np.full(size, np.nan)
        self.busy = 0

    @property
    def connected(self) -> int:
        """How many devices are there."""
        return int(np.count_nonzero(self.online))

    def come(self, stays: Stays) -> None:
        """Lets devices come; those with an open task go on with it."""
        device = stays.device
        self.online[device] = True
        self._stay_end[device] = stays.end
        self.charging[device] = stays.charging
        self.metered[device] = stays.metered
        self.level[device] = stays.level
        held = self.job[device] != NOBODY
        if held.any():
            self._begin(device[held], np.maximum(stays.begin[held], self._calendar.now))

    def leave(self, devices: Rows) -> None:
        """Lets devices go; what they work on was stopped in time already."""
        self.online[devices] = False
        self._left_at[devices] = self._calendar.now

    def away(self, job: int, seconds: float) -> Rows:
        """Gives the devices with a task of a job that have been away for longer than this."""
        long_ago = self._calendar.now - seconds
        return np.flatnonzero((self.job == job) & ~self.online & (self._left_at < long_ago))

    def take(self, job: int, devices: Rows, seconds: Numbers, gives_back_in: Numbers) -> None:
        """Gives devices a task.

        Args:
            job: Which.
            devices: Without a task.
            seconds: Work that the task takes on each; infinite when it never ends.
            gives_back_in: Work after which it is given back; infinite when it is not.
        """
        self.job[devices] = job
        self.spent[devices] = 0.0
        self._remaining[devices] = seconds
        self._gives_back_in[devices] = gives_back_in

    def hear(self, devices: Rows, times: Numbers) -> None:
        """Lets those of these devices that are there begin their new task at these times."""
        there = self.online[devices]
        self._begin(devices[there], times[there])

    def pause(self, device: int) -> bool:
        """Stops the work on a task that stays open; True when the battery is why."""
        self._account(device)
        return bool(self._calendar.now < self._stay_end[device] - 1.0)

    def drop(self, device: int) -> None:
        """Takes the task away."""
        self._account(device)
        self.job[device] = NOBODY

    def works(self, device: int) -> bool:
        """Whether the device works just now."""
        return not math.isnan(self._began[device])

    def would_finish(self, device: int) -> bool:
        """Whether the device works on a task that comes to an end."""
        return self.works(device) and math.isfinite(self._remaining[device])

    def holds(self, device: int, token: int) -> bool:
        """Whether an entry of the calendar about a device's task is still valid."""
        return bool(self.job[device] != NOBODY and self.token[device] == token)

    def _account(self, device: int) -> None:
        self.token[device] += 1
        if not self.works(device):
            return
        worked = max(0.0, self._calendar.now - float(self._began[device]))
        self._began[device] = np.nan
        self.busy -= 1
        self.spent[device] += worked
        self._remaining[device] -= worked
        self._gives_back_in[device] -= worked
        if not self.charging[device]:
            self.level[device] -= worked * self._drain_per_second

    @property
    def _drain_per_second(self) -> float:
        return self._battery.drain_per_hour / _HOUR_SECONDS

    def _begin(self, devices: Rows, times: Numbers) -> None:
        """Works on until the task is done or given back, or the device has to stop."""
        self.token[devices] += 1
        self.busy += int(np.isnan(self._began[devices]).sum())
        self._began[devices] = times
        until = np.maximum(self._until(devices, times), times)
        done = times + self._remaining[devices]
        given_back = times + self._gives_back_in[devices]
        first = np.minimum(np.minimum(done, given_back), until)
        for due, chosen in (
            (Due.WORK_DONE, first == done),
            (Due.GIVEN_BACK, (first == given_back) & (first < done)),
            (Due.WORK_STOPS, (first < done) & (first < given_back)),
        ):
            self._enter(due, devices, first, chosen & np.isfinite(first))

    def _until(self, devices: Rows, times: Numbers) -> Numbers:
        """When these devices have to stop, because they leave or the battery runs low."""
        usable = np.maximum(self.level[devices] - self._battery.least_level, 0.0)
        empty = times + usable / self._drain_per_second
        stay_end = self._stay_end[devices]
        return np.where(self.charging[devices], stay_end, np.minimum(stay_end, empty))

    def _enter(self, due: Due, devices: Rows, times: Numbers, chosen: Any) -> None:  # noqa: ANN401 - a mask
        of = devices[chosen]
        columns = (times[chosen].tolist(), of.tolist(), self.token[of].tolist())
        self._calendar.at_each(due, zip(*columns, strict=True))

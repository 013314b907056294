"""The state of this machine, read with psutil."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil

from pfi_client_agent.domain.device_report import DeviceReport

_SHORTEST_SECONDS = 1.0
"""Over a shorter time the share of the processors that others use says nothing."""


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """Memory that training may use, and the bytes of a weight in it."""

    free_bytes: int
    element_bytes: int


@dataclass(frozen=True, slots=True)
class _Work:
    """Seconds of processors that others than this process had used up at a moment."""

    at_seconds: float
    others_seconds: float


class Machine:
    """`pfi_client_agent.application.ports.DeviceState` of the machine that this process runs on.

    Args:
        metered: What the owner says of the network; None for nothing.
        idle_below: Share of the processors that other work may use on a machine that counts as
            idle. What the agent itself uses does not count.
        training_memory: Tells the memory for training; None as long as it is not known.
    """

    def __init__(
        self,
        metered: bool | None,
        idle_below: float,
        training_memory: Callable[[], TrainingMemory | None],
    ) -> None:
        self._metered = metered
        self._idle_below = idle_below
        self._training_memory = training_memory
        self._process = psutil.Process()
        self._looking = threading.Lock()
        self._last = self._work()
        self._idle: bool | None = None

    def read(self) -> DeviceReport:
        """See DeviceState.read."""
        memory = self._training_memory()
        with self._looking:
            idle = self._is_idle()
        return replace(
            _power(),
            metered=self._metered,
            idle=idle,
            memory_bytes=None if memory is None else memory.free_bytes,
            element_bytes=None if memory is None else memory.element_bytes,
        )

    def _is_idle(self) -> bool | None:
        """Compare with the last look; the first one that is far enough off tells something."""
        work = self._work()
        seconds = work.at_seconds - self._last.at_seconds
        if seconds >= _SHORTEST_SECONDS:
            used = (work.others_seconds - self._last.others_seconds) / seconds
            self._idle = used / (os.cpu_count() or 1) < self._idle_below
            self._last = work
        return self._idle

    def _work(self) -> _Work:
        times, own = psutil.cpu_times(), self._process.cpu_times()
        busy = times.user + times.system + getattr(times, "nice", 0.0)
        return _Work(time.monotonic(), busy - own.user - own.system)


def _power() -> DeviceReport:
    """Read the battery; a machine on which none is found has none."""
    read = getattr(psutil, "sensors_battery", None)
    if read is None:
        return DeviceReport()
    try:
        battery = read()
    except (psutil.Error, OSError):
        return DeviceReport()
    if battery is None:
        return DeviceReport(has_battery=False)
    percent = min(100, max(0, int(battery.percent)))
    return DeviceReport(has_battery=True, battery_percent=percent, charging=battery.power_plugged)

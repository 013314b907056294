"""What a run demands of devices, and the first of its demands that one does not meet.

The rule about what is not known: an unknown value meets no demand. A device that says that it has
no battery draws its power from the wall, so it meets every demand on battery and charging.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pfi_common.spec import MemoryNeed
from pfi_coordinator.domain.device import DeviceReport


class Unmet(StrEnum):
    """What keeps a connected client from being selected, in the order in which it is looked at."""

    READY = "ready"
    ENCODING = "encoding"
    ROWS = "rows"
    MEMORY = "memory"
    CHARGING = "charging"
    BATTERY = "battery"
    UNMETERED = "unmetered"
    IDLE = "idle"


UnmetCounts = tuple[tuple[Unmet, int], ...]
"""How many connected clients miss which demand first; no longer than there are demands."""


_NO_MEMORY = MemoryNeed()


@dataclass(frozen=True, slots=True)
class Demands:
    """What a device has to be like to be selected; nothing but a row to train on by default.

    Attributes:
        minimum_rows: Fewest rows.
        battery_at_least: Lowest charge of the battery in percent.
        charging: Power has to be plugged in.
        unmetered: The network must not cost by volume.
        idle: Other work has to leave the processors mostly free.
        memory: Bytes that training has to be left.
        memory_for: The same for devices of the classes that train another rank.
    """

    minimum_rows: int = 1
    battery_at_least: int = 0
    charging: bool = False
    unmetered: bool = False
    idle: bool = False
    memory: MemoryNeed = _NO_MEMORY
    memory_for: tuple[tuple[str, MemoryNeed], ...] = ()

    def memory_bytes(self, device_class: str, element_bytes: int | None) -> int:
        """Gives the bytes that a device of a class needs; 0 when none are demanded."""
        return dict(self.memory_for).get(device_class, self.memory).of(element_bytes)


NOTHING_DEMANDED = Demands()


def first_unmet(
    demands: Demands, rows: int, device_class: str, device: DeviceReport
) -> Unmet | None:
    """Gives the first demand that a device does not meet; None when it meets all."""
    if rows < demands.minimum_rows:
        return Unmet.ROWS
    if (device.memory_bytes or 0) < demands.memory_bytes(device_class, device.element_bytes):
        return Unmet.MEMORY
    return next((unmet for unmet, met in _CONDITIONS.items() if not met(demands, device)), None)


def counts_of(unmet: Iterable[Unmet]) -> UnmetCounts:
    """Counts demands, in the order in which they are looked at."""
    found = Counter(unmet)
    return tuple((demand, found[demand]) for demand in Unmet if found[demand])


def _is_charging(demands: Demands, device: DeviceReport) -> bool:
    return not demands.charging or device.has_battery is False or device.charging is True


def _is_charged(demands: Demands, device: DeviceReport) -> bool:
    if demands.battery_at_least == 0 or device.has_battery is False:
        return True
    percent = device.battery_percent
    return percent is not None and percent >= demands.battery_at_least


_CONDITIONS: Mapping[Unmet, Callable[[Demands, DeviceReport], bool]] = {
    Unmet.CHARGING: _is_charging,
    Unmet.BATTERY: _is_charged,
    Unmet.UNMETERED: lambda demands, device: not demands.unmetered or device.metered is False,
    Unmet.IDLE: lambda demands, device: not demands.idle or device.idle is True,
}

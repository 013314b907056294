"""What a device is like at the moment, as its agent tells it."""

from dataclasses import dataclass

HIGHEST_PERCENT = 100
ELEMENT_BYTES = (2, 4)


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """State of a device; None is unknown.

    Attributes:
        has_battery: False for a device that has none.
        battery_percent: Charge of the battery, 0 to 100.
        charging: Whether power is plugged in.
        metered: Whether the network costs by volume.
        idle: Whether other work leaves the processors mostly free.
        memory_bytes: Memory that training may use.
        element_bytes: Bytes of a weight on the device: 2 or 4.
    """

    has_battery: bool | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    metered: bool | None = None
    idle: bool | None = None
    memory_bytes: int | None = None
    element_bytes: int | None = None


UNKNOWN_DEVICE = DeviceReport()

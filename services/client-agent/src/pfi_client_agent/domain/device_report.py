"""What this device is like at the moment, as far as the federation is told."""

from dataclasses import dataclass, replace

_BATTERY_STEP_PERCENT = 5
_MEMORY_DIGITS = 5
"""Leading binary digits of a number of bytes that are told: steps of 3 to 6 %."""


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """State of the device; None is unknown. Nothing in it says whose device it is.

    Attributes:
        has_battery: False for a device that has none.
        battery_percent: Charge of the battery, 0 to 100.
        charging: Whether power is plugged in.
        metered: Whether the network costs by volume, as the owner says.
        idle: Whether other work leaves the processors mostly free.
        memory_bytes: Memory that training may use.
        element_bytes: Bytes of a weight on this device: 2 in bfloat16, 4 in float32.
    """

    has_battery: bool | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    metered: bool | None = None
    idle: bool | None = None
    memory_bytes: int | None = None
    element_bytes: int | None = None

    def coarse(self) -> "DeviceReport":
        """Give what is told: rounded down, so that it tells little and seldom changes."""
        percent, memory = self.battery_percent, self.memory_bytes
        return replace(
            self,
            battery_percent=None if percent is None else percent - percent % _BATTERY_STEP_PERCENT,
            memory_bytes=None if memory is None else _leading_digits(memory),
        )


def _leading_digits(number: int) -> int:
    lower = max(0, number.bit_length() - _MEMORY_DIGITS)
    return number >> lower << lower


UNKNOWN_DEVICE = DeviceReport()

"""Devices whose state is told instead of read, such as those of the clients of a fleet."""

import threading
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pfi_client_agent.domain.device_report import UNKNOWN_DEVICE, DeviceReport
from pfi_common.errors import SpecInvalidError
from pfi_common.spec.documents import read_document
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class DeclaredDevice:
    """`pfi_client_agent.application.ports.DeviceState` of a device that never changes.

    Args:
        report: What it is like.
    """

    def __init__(self, report: DeviceReport = UNKNOWN_DEVICE) -> None:
        self._report = report

    def read(self) -> DeviceReport:
        """See DeviceState.read."""
        return self._report


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Device(_Part):
    has_battery: bool | None = None
    battery_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    charging: bool | None = None
    metered: bool | None = None
    idle: bool | None = None
    memory_bytes: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    element_bytes: Annotated[int, Field(ge=2, le=4, multiple_of=2)] | None = None


class _Devices(_Part):
    devices: Annotated[list[_Device], Field(min_length=1)]


class DevicesFile:
    """A file with the devices that the clients of a fleet have in turn.

    It is read again when it has changed. A change that cannot be read is told in the log, and the
    devices stay as they were.

    Args:
        path: YAML or JSON: `devices:` and a list of objects.

    Raises:
        SpecInvalidError: It cannot be read, or a field is unknown or breaks its rule.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._stamp = self._stamp_now()
        self._devices = _read(path)

    def device(self, number: int) -> "FleetDevice":
        """Give the device of a client, by its number in the fleet."""
        return FleetDevice(self, number)

    def report_of(self, number: int) -> DeviceReport:
        """Give what the device of a client is like now."""
        with self._reading:
            self._follow()
        return self._devices[number % len(self._devices)]

    def _follow(self) -> None:
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._devices = _read(self._path)
        except SpecInvalidError as error:
            get_logger().warning(Event.DEVICES_REFUSED, error=error)

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size


class FleetDevice:
    """`pfi_client_agent.application.ports.DeviceState` of one client of a fleet.

    Args:
        file: Says what it is like.
        number: The client's number.
    """

    def __init__(self, file: DevicesFile, number: int) -> None:
        self._file = file
        self._number = number

    def read(self) -> DeviceReport:
        """See DeviceState.read."""
        return self._file.report_of(self._number)


def _read(path: Path) -> list[DeviceReport]:
    document = read_document(path)
    try:
        found = _Devices.model_validate(document).devices
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        )
        raise SpecInvalidError(f"{path.name}: {wrong}") from error
    return [DeviceReport(**device.model_dump()) for device in found]

"""What devices say of themselves, read."""

from typing import Any

from pfi.coordinator.v1 import session_service_pb2 as messages
from pfi_common.errors import InvalidRequestError
from pfi_coordinator.domain.device import ELEMENT_BYTES, HIGHEST_PERCENT, DeviceReport


def read_device(report: messages.DeviceReport) -> DeviceReport:
    """Reads a report; what is unset is unknown.

    Raises:
        InvalidRequestError: A value breaks its rule.
    """
    read = DeviceReport(
        has_battery=_known(report, "has_battery"),
        battery_percent=_known(report, "battery_percent"),
        charging=_known(report, "charging"),
        metered=_known(report, "metered"),
        idle=_known(report, "idle"),
        memory_bytes=_known(report, "memory_bytes"),
        element_bytes=_known(report, "element_bytes"),
    )
    if (read.battery_percent or 0) > HIGHEST_PERCENT:
        raise InvalidRequestError("battery_percent: at most 100", field="battery_percent")
    if read.element_bytes not in {None, *ELEMENT_BYTES}:
        raise InvalidRequestError("element_bytes: 2 or 4", field="element_bytes")
    return read


def _known(report: messages.DeviceReport, field: Any) -> Any:  # noqa: ANN401 - any of its fields
    return getattr(report, field) if report.HasField(field) else None

"""Devices whose state a test decides."""

from pfi_client_agent.domain.device_report import DeviceReport


class MemoryDevice:
    """In-memory twin of `pfi_client_agent.application.ports.DeviceState`."""

    def __init__(self, **state: object) -> None:
        self.report = DeviceReport(**state)

    def read(self) -> DeviceReport:
        return self.report

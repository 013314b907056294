"""Looks at this device from time to time, and says what is news for the federation."""

import asyncio
from collections.abc import AsyncIterator

from pfi.coordinator.v1.session_service_pb2 import DeviceReport as DeviceMessage
from pfi.coordinator.v1.task_pb2 import MemoryNeed
from pfi_client_agent.application.ports import DeviceState
from pfi_client_agent.domain.abandonment import TooLittleMemoryError
from pfi_client_agent.domain.device_report import DeviceReport

_BFLOAT16_BYTES = 2


class DeviceWatch:
    """What the device is like.

    Args:
        state: Reads it.
        look_seconds: Time between two looks.
    """

    def __init__(self, state: DeviceState, look_seconds: float) -> None:
        self._state = state
        self._look_seconds = look_seconds

    async def look(self) -> DeviceReport:
        """Give what the federation is told now."""
        report = await asyncio.to_thread(self._state.read)
        return report.coarse()

    async def changes(self, told: DeviceReport) -> AsyncIterator[DeviceReport]:
        """Give every report that differs from the one that was told before, for ever."""
        while True:
            await asyncio.sleep(self._look_seconds)
            report = await self.look()
            if report != told:
                told = report
                yield report

    async def require_memory(self, need: MemoryNeed) -> None:
        """Check that a task fits into the memory of this device, before the system ends the agent.

        A device that cannot tell its memory, or a run that demands none, is not checked.

        Raises:
            TooLittleMemoryError: It does not fit; the error has both numbers.
        """
        if need.float32_bytes == 0:
            return
        report = await asyncio.to_thread(self._state.read)
        halved = report.element_bytes == _BFLOAT16_BYTES
        needed_bytes = need.bfloat16_bytes if halved else need.float32_bytes
        if report.memory_bytes is not None and report.memory_bytes < needed_bytes:
            raise TooLittleMemoryError(needed_bytes, report.memory_bytes)


def device_message(report: DeviceReport) -> DeviceMessage:
    """Write a report; what is unknown stays unset."""
    return DeviceMessage(
        has_battery=report.has_battery,
        battery_percent=report.battery_percent,
        charging=report.charging,
        metered=report.metered,
        idle=report.idle,
        memory_bytes=report.memory_bytes,
        element_bytes=report.element_bytes,
    )

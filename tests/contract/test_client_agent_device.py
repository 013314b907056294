"""DeviceState: the twin, this machine, and the devices of a fleet's file."""

import json
from dataclasses import fields

import pytest
from tests.support.client_agent.devices import MemoryDevice

from pfi_client_agent.adapters.declared_device import DeclaredDevice, DevicesFile
from pfi_client_agent.adapters.machine import Machine, TrainingMemory
from pfi_client_agent.application.device_watch import device_message
from pfi_client_agent.domain.device_report import DeviceReport


def machine(_):
    memory = TrainingMemory(1 << 30, 4)
    return Machine(metered=False, idle_below=0.5, training_memory=lambda: memory)


def fleet_device(folder):
    path = folder / "devices.json"
    path.write_text(json.dumps({"devices": [{"charging": True, "memory_bytes": 1 << 30}]}))
    return DevicesFile(path).device(0)


MAKERS = {
    "twin": lambda _: MemoryDevice(charging=True, memory_bytes=1 << 30, metered=False),
    "declared": lambda _: DeclaredDevice(DeviceReport(idle=True)),
    "machine": machine,
    "fleet": fleet_device,
}


@pytest.fixture(params=MAKERS)
def device(request, tmp_path):
    return MAKERS[request.param](tmp_path)


def test_what_is_read_can_be_told(device):
    report = device.read()
    assert report.battery_percent is None or 0 <= report.battery_percent <= 100
    assert report.memory_bytes is None or report.memory_bytes >= 0
    assert report.element_bytes in {None, 2, 4}
    message = device_message(report.coarse())
    for field in fields(DeviceReport):
        known = getattr(report, field.name) is not None
        assert message.HasField(field.name) is known


def test_looking_again_raises_nothing_and_keeps_what_is_fixed(device):
    first, second = device.read(), device.read()
    assert (first.metered, first.has_battery) == (second.metered, second.has_battery)

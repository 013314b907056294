"""What an agent finds out about its device, and what of it is told."""

import os
from types import SimpleNamespace

import psutil
import pytest
from tests.support.client_agent.devices import MemoryDevice

from pfi.coordinator.v1.task_pb2 import MemoryNeed, Task
from pfi_client_agent.adapters import machine as machines
from pfi_client_agent.adapters.declared_device import DevicesFile
from pfi_client_agent.adapters.machine import Machine
from pfi_client_agent.application.device_watch import DeviceWatch
from pfi_client_agent.application.perform_task import abandoned
from pfi_client_agent.domain.abandonment import TooLittleMemoryError, abandon_reason
from pfi_client_agent.domain.device_report import DeviceReport
from pfi_common.errors import SpecInvalidError


@pytest.mark.parametrize(("read", "told"), [(0, 0), (4, 0), (5, 5), (99, 95), (100, 100)])
def test_the_battery_is_told_in_steps_of_five_percent(read, told):
    assert DeviceReport(battery_percent=read).coarse().battery_percent == told


@pytest.mark.parametrize("memory_bytes", [0, 31, 2**30, 2**30 + 1, 7 * 10**9, 2**40 - 1])
def test_memory_is_told_to_five_binary_digits(memory_bytes):
    told = DeviceReport(memory_bytes=memory_bytes).coarse().memory_bytes
    assert told <= memory_bytes
    assert memory_bytes - told <= memory_bytes / 16
    assert DeviceReport(memory_bytes=told).coarse().memory_bytes == told


def test_the_unknown_stays_unknown():
    assert DeviceReport().coarse() == DeviceReport()


@pytest.fixture
def counters(monkeypatch):
    """A machine with four processors whose clocks a test sets."""
    counted = SimpleNamespace(now=100.0, busy=50.0, own=10.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(machines.time, "monotonic", lambda: counted.now)
    times = lambda: SimpleNamespace(user=counted.busy, system=0.0)  # noqa: E731 - a twin
    monkeypatch.setattr(psutil, "cpu_times", times)
    own = lambda _: SimpleNamespace(user=counted.own, system=0.0)  # noqa: E731 - a twin
    monkeypatch.setattr(psutil.Process, "cpu_times", own)
    return counted


def made(**changes):
    values = {"metered": None, "idle_below": 0.25, "training_memory": lambda: None}
    return Machine(**(values | changes))


def after(counted, *, seconds, others, own):
    counted.now += seconds
    counted.busy += others + own
    counted.own += own


def test_a_device_is_idle_while_others_use_little_whatever_the_agent_does(counters):
    machine = made()
    after(counters, seconds=0.5, others=0.0, own=0.0)
    assert machine.read().idle is None
    after(counters, seconds=9.5, others=9.9, own=30.0)
    assert machine.read().idle is True
    after(counters, seconds=10, others=10.0, own=0.0)
    assert machine.read().idle is False
    after(counters, seconds=0.1, others=0.0, own=0.0)
    assert machine.read().idle is False


@pytest.mark.parametrize(
    ("battery", "expected"),
    [
        (None, DeviceReport(has_battery=False)),
        ((83.7, False), DeviceReport(has_battery=True, battery_percent=83, charging=False)),
        ((100.2, True), DeviceReport(has_battery=True, battery_percent=100, charging=True)),
        ((50, None), DeviceReport(has_battery=True, battery_percent=50)),
    ],
)
def test_the_battery_is_read(counters, monkeypatch, battery, expected):
    found = battery and SimpleNamespace(percent=battery[0], power_plugged=battery[1])
    monkeypatch.setattr(psutil, "sensors_battery", lambda: found, raising=False)
    assert made().read() == expected


def test_a_battery_that_cannot_be_read_is_unknown(counters, monkeypatch):
    def broken():
        raise OSError

    monkeypatch.setattr(psutil, "sensors_battery", broken, raising=False)
    assert made(metered=True).read() == DeviceReport(metered=True)
    monkeypatch.delattr(psutil, "sensors_battery")
    assert made().read() == DeviceReport()


async def test_only_changes_are_news():
    device = MemoryDevice(battery_percent=70)
    watch = DeviceWatch(device, look_seconds=0.0)
    changes = watch.changes(await watch.look())
    device.report = DeviceReport(battery_percent=66)
    assert (await anext(changes)).battery_percent == 65
    device.report = DeviceReport(battery_percent=69, charging=True)
    assert (await anext(changes)) == DeviceReport(battery_percent=65, charging=True)
    await changes.aclose()


@pytest.mark.parametrize(
    ("element_bytes", "memory_bytes", "needed_bytes"),
    [(4, 2_999, 3_000), (None, 2_999, 3_000), (2, 1_999, 2_000)],
)
async def test_a_task_that_does_not_fit_is_given_back_with_both_numbers(
    element_bytes, memory_bytes, needed_bytes
):
    need = MemoryNeed(float32_bytes=3_000, bfloat16_bytes=2_000)
    device = MemoryDevice(memory_bytes=memory_bytes, element_bytes=element_bytes)
    with pytest.raises(TooLittleMemoryError) as raised:
        await DeviceWatch(device, 1.0).require_memory(need)
    assert abandon_reason(raised.value) == "OUT_OF_MEMORY"
    back = abandoned(Task(task="t"), raised.value).abandoned
    assert (back.needed_bytes, back.available_bytes) == (needed_bytes, memory_bytes)
    device.report = DeviceReport(memory_bytes=needed_bytes, element_bytes=element_bytes)
    await DeviceWatch(device, 1.0).require_memory(need)


async def test_nothing_is_checked_that_is_not_demanded_or_not_known():
    await DeviceWatch(MemoryDevice(memory_bytes=1), 1.0).require_memory(MemoryNeed())
    need = MemoryNeed(float32_bytes=3_000, bfloat16_bytes=2_000)
    await DeviceWatch(MemoryDevice(), 1.0).require_memory(need)


TWO = "devices:\n- {charging: true, battery_percent: 80}\n- {metered: true}\n"


def test_the_clients_of_a_fleet_have_the_devices_of_its_file_in_turn(tmp_path):
    path = tmp_path / "devices.yaml"
    path.write_text(TWO)
    file = DevicesFile(path)
    assert file.device(0).read() == DeviceReport(charging=True, battery_percent=80)
    assert file.device(3).read() == DeviceReport(metered=True)
    path.write_text("devices:\n- {charging: false}\n")
    assert file.device(3).read() == DeviceReport(charging=False)


def test_a_change_that_cannot_be_read_leaves_the_devices_as_they_were(tmp_path):
    path = tmp_path / "devices.yaml"
    path.write_text(TWO)
    file = DevicesFile(path)
    for broken in ("devices:\n- {colour: red}\n", "devices: ["):
        path.write_text(broken)
        assert file.device(1).read() == DeviceReport(metered=True)
    path.unlink()
    assert file.device(1).read() == DeviceReport(metered=True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("devices: []", "devices"),
        ("devices:\n- {battery_percent: 101}", "devices.0.battery_percent"),
        ("devices:\n- {element_bytes: 3}", "devices.0.element_bytes"),
        ("devices:\n- {charging: maybe}", "devices.0.charging"),
        ("phones: 3", "phones"),
    ],
)
def test_a_file_that_says_something_odd_is_refused(tmp_path, text, named):
    path = tmp_path / "devices.yaml"
    path.write_text(text)
    with pytest.raises(SpecInvalidError, match=named):
        DevicesFile(path)

"""Who may be selected, and the first demand that each of the others does not meet."""

import pytest
from tests.support.coordinator.values import client_id, session

from pfi_common.spec import MemoryNeed
from pfi_coordinator.domain.demands import Demands, Unmet, counts_of, first_unmet
from pfi_coordinator.domain.device import UNKNOWN_DEVICE, DeviceReport
from pfi_coordinator.domain.eligibility import sort_out

NEED = MemoryNeed(float32_bytes=2_000, bfloat16_bytes=1_200)
DEMANDED = {
    Unmet.CHARGING: Demands(charging=True),
    Unmet.BATTERY: Demands(battery_at_least=50),
    Unmet.UNMETERED: Demands(unmetered=True),
    Unmet.IDLE: Demands(idle=True),
    Unmet.MEMORY: Demands(memory=NEED),
}
GOOD = DeviceReport(
    has_battery=True,
    battery_percent=50,
    charging=True,
    metered=False,
    idle=True,
    memory_bytes=2_000,
)
BAD = DeviceReport(
    has_battery=True,
    battery_percent=45,
    charging=False,
    metered=True,
    idle=False,
    memory_bytes=1_999,
)


def unmet(demands, device, rows=1, device_class=""):
    return first_unmet(demands, rows, device_class, device)


def test_nothing_but_a_row_is_demanded_by_default():
    assert unmet(Demands(), UNKNOWN_DEVICE) is None
    assert unmet(Demands(), BAD) is None
    assert unmet(Demands(), GOOD, rows=0) is Unmet.ROWS


@pytest.mark.parametrize("demand", DEMANDED)
def test_a_demand_is_met_by_a_value_that_is_known_and_good(demand):
    demands = DEMANDED[demand]
    assert unmet(demands, GOOD) is None
    assert unmet(demands, BAD) is demand
    assert unmet(demands, UNKNOWN_DEVICE) is demand


@pytest.mark.parametrize("demand", [Unmet.CHARGING, Unmet.BATTERY])
def test_a_device_without_a_battery_has_power(demand):
    assert unmet(DEMANDED[demand], DeviceReport(has_battery=False)) is None


@pytest.mark.parametrize("demand", [Unmet.UNMETERED, Unmet.IDLE, Unmet.MEMORY])
def test_a_device_without_a_battery_meets_no_other_demand_by_that(demand):
    assert unmet(DEMANDED[demand], DeviceReport(has_battery=False)) is demand


@pytest.mark.parametrize(
    ("element_bytes", "memory_bytes", "expected"),
    [(2, 1_200, None), (2, 1_199, Unmet.MEMORY), (4, 1_200, Unmet.MEMORY), (4, 2_000, None)],
)
def test_memory_is_asked_for_by_the_bytes_of_a_weight(element_bytes, memory_bytes, expected):
    device = DeviceReport(memory_bytes=memory_bytes, element_bytes=element_bytes)
    assert unmet(Demands(memory=NEED), device) is expected


def test_a_class_of_devices_may_need_less_memory():
    demands = Demands(memory=NEED, memory_for=(("phone", MemoryNeed(1_500, 1_000)),))
    device = DeviceReport(memory_bytes=1_500)
    assert unmet(demands, device, device_class="phone") is None
    assert unmet(demands, device, device_class="tablet") is Unmet.MEMORY


def test_who_is_eligible_and_what_the_others_miss_first():
    sessions = [
        session(1, device=GOOD),
        session(2, ready=False),
        session(3, training_rows=0),
        session(4, encodings=("bf16",), device=GOOD),
        session(5, device=GOOD),
        session(6),
        session(7, training_rows=0, device=BAD),
    ]
    found = sort_out(sessions, {client_id(5)}, "fp32", Demands(charging=True))
    assert found.clients == (client_id(1),)
    assert found.unmet == {
        client_id(2): Unmet.READY,
        client_id(3): Unmet.ROWS,
        client_id(4): Unmet.ENCODING,
        client_id(6): Unmet.CHARGING,
        client_id(7): Unmet.ROWS,
    }
    assert counts_of(found.unmet.values()) == (
        (Unmet.READY, 1),
        (Unmet.ENCODING, 1),
        (Unmet.ROWS, 2),
        (Unmet.CHARGING, 1),
    )
    able = (client_id(1), client_id(4), client_id(5))
    assert sort_out(sessions, set(), "int4_block", Demands(minimum_rows=1)).clients[:3] == able

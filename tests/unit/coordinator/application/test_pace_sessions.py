"""Arrivals above the rate are told when to come back; changes of devices are told to others."""

import pytest
from tests.support.clock import ManualClock
from tests.support.coordinator.values import session

from pfi_common.errors import SessionsLimitedError
from pfi_coordinator.application.change_device import ChangeDevice
from pfi_coordinator.application.pace_sessions import PaceSessions
from pfi_coordinator.application.session_hub import SessionLink
from pfi_coordinator.domain.device import DeviceReport

CHARGING = DeviceReport(has_battery=True, charging=True)


@pytest.fixture
def limited():
    return []


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def pace(clock, limited):
    return PaceSessions(clock, 2.0, lambda: limited.append(1))


def test_arrivals_above_the_rate_are_counted_and_told_a_turn(pace, limited):
    pace.arrive()
    pace.arrive()
    delays = []
    for _ in range(3):
        with pytest.raises(SessionsLimitedError) as raised:
            pace.arrive()
        delays.append(raised.value.retry_after_seconds)
    assert delays == pytest.approx([1.5, 2.0, 2.5])
    assert len(limited) == 3
    assert pace.send_away() == pytest.approx(3.0)
    assert len(limited) == 3


async def test_a_changed_device_wakes_who_waits_for_clients(graph):
    presence = graph.ports.presence
    await presence.beat("replica-0")
    await presence.enter(session(1))
    link, told = SessionLink(session(1)), []

    async def clients_changed():
        told.append(1)

    graph.ports.signals.clients_changed = clients_changed
    change = ChangeDevice(presence, graph.ports.signals)
    await change(link, DeviceReport())
    assert told == []
    await change(link, CHARGING)
    assert told == [1]
    assert link.record == session(1, device=CHARGING)
    assert await presence.connected() == [link.record]


async def test_a_session_that_was_replaced_elsewhere_changes_nothing(graph):
    presence = graph.ports.presence
    await presence.beat("replica-0")
    newer = session(1, session="s-newer")
    await presence.enter(newer)
    link = SessionLink(session(1))
    await ChangeDevice(presence, graph.ports.signals)(link, CHARGING)
    assert await presence.connected() == [newer]

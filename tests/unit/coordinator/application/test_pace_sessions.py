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


def delay_of(pace, client):
    with pytest.raises(SessionsLimitedError) as raised:
        pace.arrive(client)
    return raised.value.retry_after_seconds


def test_arrivals_above_the_rate_are_counted_and_told_a_turn(pace, limited):
    pace.arrive("c-1")
    pace.arrive("c-2")
    delays = [delay_of(pace, client) for client in ("c-3", "c-4", "c-5")]
    assert delays == pytest.approx([1.5, 2.0, 2.5])
    assert len(limited) == 3
    assert pace.send_away() == pytest.approx(3.0)
    assert len(limited) == 3


def test_who_comes_again_and_again_takes_no_turn_of_others(pace, clock):
    pace.arrive("c-1")
    pace.arrive("c-2")
    assert [delay_of(pace, "c-3") for _ in range(100)] == pytest.approx([1.5] * 100)
    assert delay_of(pace, "c-4") == pytest.approx(2.0)
    clock.advance(0.25)
    assert delay_of(pace, "c-3") == pytest.approx(1.25)
    clock.advance(1.25)
    pace.arrive("c-3")
    pace.arrive("c-5")
    assert delay_of(pace, "c-4") == pytest.approx(0.5)
    # Its turn was taken: it is promised a later one.
    clock.advance(0.5)
    pace.arrive("c-6")
    assert delay_of(pace, "c-4") == pytest.approx(1.5)


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

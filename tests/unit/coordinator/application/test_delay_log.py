import logging
import random

import pytest
from tests.support.clock import ManualClock
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import submitted

from pfi_common.errors import ServiceUnavailableError, SpoolUnavailableError, StoreUnavailableError
from pfi_common.telemetry.events import Event
from pfi_coordinator.application.leader.delay_log import DelayLog

DAY_SECONDS = 86_400


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "pfi")

    def told():
        return [each.getMessage() for each in caplog.records if each.name == "pfi"]

    return told


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def delays(clock):
    return DelayLog("r-0123456789", "void_round", clock, random.Random(1))


def test_a_day_of_tries_is_logged_ever_more_rarely(delays, clock, lines):
    for _ in range(DAY_SECONDS // 5):
        delays.failed(SpoolUnavailableError("no answer"))
        clock.advance(seconds=5)
    assert len(lines()) < 200
    assert len(lines()) > DAY_SECONDS / 750
    delays.over()
    delays.over()
    assert lines()[-2:] == [Event.EFFECT_DELAYED, Event.DELAY_ENDED]


def test_what_comes_and_goes_is_logged_as_rarely(delays, clock, lines):
    for _ in range(DAY_SECONDS // 5):
        delays.failed(SpoolUnavailableError("no answer"))
        delays.over()
        clock.advance(seconds=5)
    assert lines().count(Event.EFFECT_DELAYED) == lines().count(Event.DELAY_ENDED) < 200


def test_another_reason_is_logged_at_once(delays, lines):
    for error in (SpoolUnavailableError("away"), StoreUnavailableError(), StoreUnavailableError()):
        delays.failed(error)
    assert lines() == [Event.EFFECT_DELAYED] * 2


def test_nothing_is_said_of_work_that_was_never_delayed(delays, lines):
    delays.over()
    assert lines() == []


async def test_a_round_that_cannot_be_opened_is_logged_once_and_when_it_can(graph, lines):
    tries = []

    async def away(*_arguments):
        tries.append(None)
        raise ServiceUnavailableError

    async def tried_for_long():
        return len(tries) > 2

    async def delay_ended():
        return lines().count(Event.DELAY_ENDED) == 1

    await graph.join(1, 2, 3)
    opened, graph.aggregators.open_round = graph.aggregators.open_round, away
    run = await submitted(graph)
    async with graph.led():
        await eventually(tried_for_long)
        graph.aggregators.open_round = opened
        await graph.until(run, lambda state: state.round and state.round.opened_at is not None)
        await eventually(delay_ended)
    assert lines().count(Event.EFFECT_DELAYED) == 1

"""What is tried again, and until when."""

from datetime import timedelta

import pytest
from tests.support.clock import ManualClock

from pfi_client_agent.application import retrying
from pfi_client_agent.application.retrying import Retrying
from pfi_common.errors import ServiceUnavailableError


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(retrying, "_FIRST_SECONDS", 0.0)


class Failing:
    """Fails so often, each time after so many seconds of the clock."""

    def __init__(self, clock, times, seconds=0.0):
        self._clock = clock
        self._left = times
        self._seconds = seconds
        self.attempts = 0

    async def __call__(self):
        self.attempts += 1
        self._clock.advance(self._seconds)
        if self.attempts <= self._left:
            raise ServiceUnavailableError("away")
        return "done"


def retrying_until(clock, seconds):
    until = clock.now() + timedelta(seconds=seconds)
    return Retrying(clock, until, failed=lambda _error, _delay: None)


async def test_a_deadline_ends_it():
    clock = ManualClock()
    failing = Failing(clock, times=9, seconds=50.0)
    with pytest.raises(ServiceUnavailableError):
        await retrying_until(clock, 120).run(failing)
    assert failing.attempts == 3


async def test_a_clock_that_is_ahead_ends_nothing_at_once():
    clock = ManualClock()
    assert await retrying_until(clock, -3600).run(Failing(clock, times=2)) == "done"


async def test_a_clock_that_is_ahead_ends_it_after_a_minute():
    clock = ManualClock()
    failing = Failing(clock, times=9, seconds=25.0)
    with pytest.raises(ServiceUnavailableError):
        await retrying_until(clock, -3600).run(failing)
    assert failing.attempts == 3

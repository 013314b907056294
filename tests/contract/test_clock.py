"""What every clock does, run on the machine's and on the manual one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.support.clock import ManualClock

from pfi_common.clock import Clock, SystemClock


@pytest.fixture(params=[SystemClock, ManualClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_the_time_is_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_time_does_not_run_backwards(clock: Clock) -> None:
    first = clock.monotonic()
    assert clock.monotonic() >= first


def test_the_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
    before, ticks = clock.now(), clock.monotonic()
    clock.advance(2.5)
    assert clock.now() - before == timedelta(seconds=2.5)
    assert clock.monotonic() - ticks == 2.5


def test_the_manual_clock_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ManualClock(datetime(2026, 5, 1))  # noqa: DTZ001 - the mistake itself
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().advance(-1)

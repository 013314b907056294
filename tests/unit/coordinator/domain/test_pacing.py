"""Whoever comes, sessions are opened at a steady rate, and everybody gets one."""

import heapq
from bisect import bisect_right

import numpy as np
import pytest

from pfi_coordinator.domain.pacing import (
    BURST_SECONDS,
    SOONEST_SECONDS,
    arrive,
    no_arrivals,
    send_away,
)

RATE = 50.0
JITTER = 0.1
"""Agents come back up to so much later than they are told."""


def test_a_burst_is_taken_and_then_the_rate():
    arrivals, taken = no_arrivals(0.0, RATE), 0
    for _ in range(3 * int(RATE)):
        arrivals, delay = arrive(arrivals, 0.0, RATE)
        taken += delay is None
    assert taken == RATE * BURST_SECONDS
    arrivals, delay = arrive(arrivals, 1.5 / RATE, RATE)
    assert delay is None
    assert arrive(arrivals, 1.5 / RATE, RATE)[1] is not None


def test_those_who_are_sent_away_get_one_turn_each():
    arrivals, delays = no_arrivals(7.0, RATE), []
    for _ in range(100):
        arrivals, delay = send_away(arrivals, 7.0, RATE)
        delays.append(delay)
    assert delays[0] == pytest.approx(SOONEST_SECONDS + 1 / RATE)
    assert np.diff(delays) == pytest.approx([1 / RATE] * 99)


def test_few_come_back_together_and_many_are_spread():
    arrivals = no_arrivals(0.0, RATE)
    for _ in range(5):
        arrivals, last = send_away(arrivals, 0.0, RATE)
    assert last < SOONEST_SECONDS + 0.2
    for _ in range(5_000):
        arrivals, last = send_away(arrivals, 0.0, RATE)
    assert last > 5_000 / RATE


def settle(firsts, generator):
    """Lets agents come, and come back when they are told; gives the times of tries and entries."""
    arrivals, tries, entries = no_arrivals(0.0, RATE), [], []
    waiting = list(firsts)
    heapq.heapify(waiting)
    while waiting:
        now = heapq.heappop(waiting)
        tries.append(now)
        arrivals, delay = arrive(arrivals, now, RATE)
        if delay is None:
            entries.append(now)
        else:
            heapq.heappush(waiting, now + delay * (1 + JITTER * generator.random()))
    return np.array(tries), np.array(entries)


def most_within(moments, seconds):
    """Most moments that lie within so many seconds."""
    return max(bisect_right(moments, moment + seconds) - i for i, moment in enumerate(moments))


@pytest.mark.parametrize("seed", range(20))
def test_everybody_gets_in_at_the_rate(seed):
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 3_000))
    # From a storm within a millisecond to arrivals over a minute; and some come later, unexpected.
    firsts = generator.random(count) * generator.choice([0.001, 1.0, 60.0])
    later = generator.random(count // 5) * 60
    tries, entries = settle([*firsts.tolist(), *later.tolist()], generator)
    total = count + count // 5
    assert len(entries) == total
    for seconds in (1.0, 5.0):
        assert most_within(entries, seconds) <= RATE * (BURST_SECONDS + seconds) + 1
    # Everybody is in soon after the rate allows it, and few have to come a third time.
    assert entries[-1] <= max(60.0, total / RATE * (1 + JITTER)) * 1.25 + 5
    assert len(tries) <= 3 * total


def test_after_a_storm_tries_are_spread_too():
    generator = np.random.default_rng(1)
    tries, _ = settle([0.0] * 5_000, generator)
    again = tries[tries > 0]
    assert most_within(again, 1.0) <= 1.5 * RATE
    assert len(again) <= 5_000 * 1.2

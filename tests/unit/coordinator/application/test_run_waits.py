from dataclasses import replace
from datetime import timedelta

from prometheus_client import CollectorRegistry
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import Working, nothing_active, submitted
from tests.unit.coordinator.domain.builders import BEGUN, OPENED, START, play, run

from pfi_coordinator.application.leader.run_waits import RunWaits
from pfi_coordinator.domain import events
from pfi_coordinator.domain.why import WaitReason
from pfi_coordinator.wait_metrics import WaitMetrics

MINUTE = timedelta(minutes=1)


def named(state, name):
    return replace(state, run=name)


def waits_of(*histories):
    waits = RunWaits()
    for index, history in enumerate(histories):
        waits.saw(named(play(run(), *history)[0], f"r-{index:010x}"))
    return waits


def test_the_longest_wait_of_each_reason_is_told():
    waits = waits_of(BEGUN, OPENED)
    waits.saw(named(play(run(), *BEGUN, now=START + MINUTE)[0], "r-ffffffffff"))
    now = START + 3 * MINUTE
    assert waits.count(WaitReason.CLIENTS) == 2
    assert waits.longest_seconds(WaitReason.CLIENTS, now) == 180
    assert waits.longest_seconds(WaitReason.UPDATES, now) == 180
    assert waits.longest_seconds(WaitReason.SPOOL, now) == 0


def test_a_wait_is_overdue_once_its_end_has_passed():
    waits = waits_of(OPENED)
    early, late = START + 9 * MINUTE, START + 12 * MINUTE
    assert waits.overdue_seconds(WaitReason.UPDATES, early) == 0
    assert waits.overdue_seconds(WaitReason.UPDATES, late) == 120
    assert waits.overdue_seconds(WaitReason.CLIENTS, late) == 0


def test_what_ended_waits_for_nothing():
    waits = waits_of(OPENED)
    waits.saw(named(play(run(), *OPENED, events.CancelRequested())[0], "r-0000000000"))
    assert all(waits.count(reason) <= 1 for reason in WaitReason)
    waits.forget("r-0000000000")
    assert not any(waits.count(reason) for reason in WaitReason)
    waits.clear()


def test_a_thousand_runs_make_no_more_series_than_one():
    def series(count):
        registry = CollectorRegistry()
        waits = waits_of(*[BEGUN] * count)
        WaitMetrics(registry).watch(waits, FrozenClock())
        return [sample.name for metric in registry.collect() for sample in metric.samples]

    assert len(series(1)) == len(series(1000)) == 3 * len(WaitReason)


class FrozenClock:
    def now(self):
        return START + MINUTE

    def monotonic(self):
        return 0.0


def test_gauges_are_read_when_they_are_scraped():
    registry, waits = CollectorRegistry(), RunWaits()
    WaitMetrics(registry).watch(waits, FrozenClock())
    name, labels = "pfi_coordinator_run_waiting_seconds", {"reason": "clients"}
    assert registry.get_sample_value(name, labels) == 0
    waits.saw(play(run(), *BEGUN)[0])
    assert registry.get_sample_value(name, labels) == 60
    assert registry.get_sample_value("pfi_coordinator_runs_waiting", labels) == 1


async def test_a_leader_says_what_its_runs_wait_for_until_they_end(graph):
    run_id = await submitted(graph)
    async with graph.led() as lead:
        await graph.until(run_id, lambda state: state.round is not None)

        async def told():
            return lead.waits.count(WaitReason.CLIENTS) == 1

        await eventually(told)
        clients = await graph.join(1, 2, 3)
        async with Working(graph, clients):
            await graph.until(run_id, lambda state: state.at_rest)
            await eventually(lambda: nothing_active(graph))
        assert not any(lead.waits.count(each) for each in WaitReason)


async def test_a_leader_that_stepped_down_says_nothing(graph):
    await submitted(graph)
    async with graph.led() as lead:

        async def told():
            return any(lead.waits.count(each) for each in WaitReason)

        await eventually(told)
    assert not any(lead.waits.count(each) for each in WaitReason)

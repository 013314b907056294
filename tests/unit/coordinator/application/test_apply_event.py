"""Events that happen at the same time."""

import asyncio

import pytest
from tests.support.coordinator.values import client_id
from tests.support.coordinator.working import submitted

from pfi_common.errors import RunUnknownError
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.domain.events import EffectDelayed

TOGETHER = 50


class SlowRuns:
    """Runs that answer a little later, so that others come in between, and count what they do."""

    def __init__(self, runs):
        self.runs = runs
        self.loads = 0
        self.saves = 0

    async def load(self, run):
        self.loads += 1
        await asyncio.sleep(0)
        return await self.runs.load(run)

    async def save(self, revision, step):
        self.saves += 1
        await asyncio.sleep(0)
        return await self.runs.save(revision, step)


@pytest.fixture
def slow(graph):
    return SlowRuns(graph.ports.runs)


@pytest.fixture
def apply(graph, slow):
    return ApplyEvent(slow, graph.clock, graph.steps.append)


async def test_events_of_one_run_take_turns_instead_of_deciding_in_vain(graph, slow, apply):
    run = await submitted(graph)
    before = (await graph.ports.runs.load(run)).revision
    events = [EffectDelayed("open_round", client_id(index)) for index in range(TOGETHER)]
    await asyncio.gather(*(apply(run, event) for event in events))
    assert (slow.loads, slow.saves) == (TOGETHER, TOGETHER)
    assert (await graph.ports.runs.load(run)).revision == before + TOGETHER


async def test_a_decision_of_another_replica_is_still_seen(graph, slow, apply):
    run = await submitted(graph)
    other = ApplyEvent(slow, graph.clock, graph.steps.append)
    first, second = (EffectDelayed("open_round", reason) for reason in ("DISK_FULL", "INTERNAL"))
    await asyncio.gather(apply(run, first), other(run, second))
    assert slow.loads == slow.saves == 3
    assert (await graph.ports.runs.load(run)).state.trouble.reason in {"DISK_FULL", "INTERNAL"}


async def test_an_event_that_fails_or_is_given_up_leaves_the_turn_to_the_next(graph, apply):
    run = await submitted(graph)
    for name in (run, "r-ffffffffff"):
        given_up = asyncio.create_task(apply(name, EffectDelayed("open_round", "INTERNAL")))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
    with pytest.raises(RunUnknownError):
        await apply("r-ffffffffff", EffectDelayed("open_round", "INTERNAL"))
    state = await apply(run, EffectDelayed("open_round", "DISK_FULL"))
    assert state.trouble.reason == "DISK_FULL"

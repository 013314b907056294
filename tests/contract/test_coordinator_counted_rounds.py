"""CountedRounds, in memory and on Redis."""

from tests.support.coordinator.contract import ports
from tests.support.coordinator.counted_rounds import MemoryCountedRounds
from tests.support.coordinator.values import RUN

__all__ = ["MemoryCountedRounds", "ports"]


async def test_whoever_was_never_counted_is_left_out(ports):
    assert await ports.counted.last(RUN, "global", []) == {}
    assert await ports.counted.last(RUN, "global", ["c-1"]) == {}
    await ports.counted.note(RUN, "global", 2, ["c-2", "c-1"])
    assert await ports.counted.last(RUN, "global", ["c-1", "c-3"]) == {"c-1": 2}


async def test_a_later_round_is_never_undone(ports):
    await ports.counted.note(RUN, "global", 9, ["c-1"])
    await ports.counted.note(RUN, "global", 10, ["c-1", "c-2"])
    await ports.counted.note(RUN, "global", 9, ["c-1", "c-3"])
    found = await ports.counted.last(RUN, "global", ["c-1", "c-2", "c-3"])
    assert found == {"c-1": 10, "c-2": 10, "c-3": 9}


async def test_lines_and_runs_are_apart(ports):
    await ports.counted.note(RUN, "global", 1, ["c-1"])
    await ports.counted.note(RUN, "cluster-1", 3, ["c-1"])
    assert await ports.counted.last(RUN, "global", ["c-1"]) == {"c-1": 1}
    assert await ports.counted.last(RUN, "cluster-1", ["c-1"]) == {"c-1": 3}
    assert await ports.counted.last("r-ffffffffff", "global", ["c-1"]) == {}


async def test_a_large_cohort_is_noted_whole(ports):
    clients = [f"c-{index}" for index in range(2500)]
    await ports.counted.note(RUN, "global", 4, clients)
    assert len(await ports.counted.last(RUN, "global", clients)) == 2500

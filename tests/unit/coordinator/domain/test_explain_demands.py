"""A waiting round says what is demanded, and how many connected clients miss what."""

from tests.unit.coordinator.domain.builders import BEGUN, play, run

from pfi_common.spec import MemoryNeed
from pfi_coordinator.domain import events
from pfi_coordinator.domain.demands import Demands, Unmet
from pfi_coordinator.domain.explain import explain

EVERYTHING = Demands(
    minimum_rows=20,
    battery_at_least=50,
    charging=True,
    unmetered=True,
    idle=True,
    memory=MemoryNeed(1_240_000_000, 1_240_000_000),
)


def waiting(demands, *unmet):
    looked = events.ClientsEligible(("c-1",), unmet=unmet)
    state, _ = play(run(demands=demands), *BEGUN, looked)
    return explain(state)


def test_nothing_is_said_of_demands_that_nobody_made():
    why = waiting(Demands())
    assert why.waiting_for.endswith("there is 1")
    assert "and that" not in why.unblocks


def test_those_who_do_not_qualify_are_counted_by_what_they_miss_first():
    why = waiting(EVERYTHING, (Unmet.CHARGING, 5), (Unmet.MEMORY, 1), (Unmet.ROWS, 2))
    assert why.waiting_for.endswith(
        "there is 1, and 8 more are connected: 5 are not known to be charging, "
        "1 is not known to have the memory (1.24 GB needed), 2 have too few rows (20 needed)"
    )


def test_every_demand_is_named_in_what_would_end_the_wait():
    assert waiting(EVERYTHING).unblocks.endswith(
        "and that have 1.24 GB of memory for training, are charging, have 50 % of their battery, "
        "say that their network is unmetered, are idle"
    )


def test_every_kind_of_lack_has_words():
    why = waiting(EVERYTHING, *((unmet, 1) for unmet in Unmet))
    assert why.waiting_for.count(": ") == 1
    assert why.waiting_for.count(", ") == len(Unmet) + 1


def test_memory_that_depends_on_the_device_is_a_range():
    needs = Demands(memory=MemoryNeed(4_000_000_000, 2_000_000_000), memory_for=())
    assert "2 GB to 4 GB, by device" in waiting(needs, (Unmet.MEMORY, 3)).waiting_for
    phone = Demands(
        memory=MemoryNeed(900_000_000, 900_000_000),
        memory_for=(("phone", MemoryNeed(800_000_000, 800_000_000)),),
    )
    assert "800 MB to 900 MB" in waiting(phone, (Unmet.MEMORY, 3)).waiting_for


def test_counts_change_the_state_and_leave_no_more_than_one_for_each_demand():
    state, _ = play(run(demands=EVERYTHING), *BEGUN)
    for count in range(50):
        looked = events.ClientsEligible((), unmet=((Unmet.IDLE, count),))
        state, _ = play(state, looked)
    assert state.unmet == ((Unmet.IDLE, 49),)

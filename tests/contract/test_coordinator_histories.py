"""ClientHistories, in memory and on Redis: rows are written with the decisions that give them."""

from datetime import timedelta

from tests.support.coordinator.contract import ports
from tests.support.coordinator.histories import MemoryClientHistories
from tests.support.coordinator.values import NOW, RUN, document
from tests.unit.coordinator.domain.builders import BEGUN, CLIENTS, committed, published, run

from pfi_coordinator.application.records import Step
from pfi_coordinator.domain import events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.selection_rules import SelectionRules

__all__ = ["MemoryClientHistories", "ports"]

ONE, TWO, THREE = CLIENTS
RULES = SelectionRules(policy="utility")


async def play(ports, *happened, seconds=0.0, selection=RULES):
    """Writes decisions; gives the last state."""
    if not await ports.runs.active():
        await ports.runs.create(document(), run(selection=selection))
    now = NOW + timedelta(seconds=seconds)
    for event in happened:
        stored = await ports.runs.load(RUN)
        after, asked = decide(stored.state, event, now)
        assert await ports.runs.save(stored.revision, Step(stored.state, event, now, after, asked))
    return (await ports.runs.load(RUN)).state


async def facts(ports, *clients):
    return {item.client: item for item in await ports.histories.find(RUN, clients or CLIENTS)}


OPENED = (*BEGUN, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))


def finished(client, utility, speed=2.5, attempt=1):
    report = events.ClientReport(client, utility, speed)
    return events.TasksFinished(1, attempt, (client,), (report,))


async def test_a_run_knows_nothing_of_clients_at_first(ports):
    await play(ports, *BEGUN)
    assert await ports.histories.find(RUN, CLIENTS) == ()
    assert await ports.histories.find("r-ffffffffff", CLIENTS) == ()
    assert await ports.histories.find(RUN, ()) == ()


async def test_selections_durations_and_utilities_are_remembered(ports):
    await play(ports, *OPENED)
    await play(ports, committed(ONE), finished(TWO, 7.25), seconds=12.5)
    await play(ports, finished(ONE, 3.5), seconds=20)
    found = await facts(ports)
    assert found[ONE] == events.ClientFacts(ONE, 1, 1, 1, 12.5, 3.5, 0, 2.5)
    assert found[TWO] == events.ClientFacts(TWO, 1, 1, 1, 12.5, 7.25, 0, 2.5)
    assert found[THREE] == events.ClientFacts(THREE, 1, 1)
    assert await facts(ports, TWO) == {TWO: found[TWO]}


async def test_what_is_said_twice_counts_once(ports):
    await play(ports, *OPENED, committed(ONE), finished(ONE, 3.5))
    known = await facts(ports)
    await play(ports, committed(ONE), finished(ONE, 9.0), seconds=50)
    assert await facts(ports) == known


async def test_who_gives_its_task_back_or_is_too_late_has_dropped_out(ports):
    await play(ports, *OPENED, events.TasksGivenBack(1, 1, (ONE,)), committed(TWO))
    await play(ports, events.Tick(), seconds=601)
    found = await facts(ports)
    assert [found[name].dropped for name in CLIENTS] == [1, 0, 1]


async def test_further_attempts_of_a_round_count_once_and_tell_no_duration(ports):
    await play(ports, *OPENED)
    await play(ports, events.Tick(), seconds=601)
    again = (
        events.RoundAborted(1, 1),
        events.ClientsEligible(CLIENTS),
        events.RoundOpened(1, 2),
        finished(ONE, 4.0, attempt=2),
    )
    await play(ports, *again, seconds=700)
    found = await facts(ports)
    assert [found[name].selected for name in CLIENTS] == [1, 1, 1]
    assert found[ONE].seconds is None
    assert found[ONE].utility == 4.0


async def test_a_later_round_adds_to_the_rows(ports):
    await play(ports, *OPENED, *(finished(name, 1.0) for name in CLIENTS))
    await play(ports, events.RoundSealed(1, 1, CLIENTS), published(1))
    await play(ports, events.ClientsEligible(CLIENTS))
    found = await facts(ports)
    assert {(item.selected, item.selected_round) for item in found.values()} == {(2, 2)}


async def test_a_run_that_selects_at_random_remembers_speeds_alone(ports):
    await play(ports, *OPENED, selection=SelectionRules())
    await play(ports, committed(TWO), finished(ONE, 3.5))
    assert await facts(ports) == {ONE: events.ClientFacts(ONE, steps_per_second=2.5)}


async def test_a_fairness_cap_needs_the_counts(ports):
    await play(ports, *OPENED, selection=SelectionRules(fairness_cap=2.0))
    assert (await facts(ports))[ONE].selected == 1

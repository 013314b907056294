"""What the leader does about clients that drop out, and about policies that ask for facts."""

import asyncio
from dataclasses import replace

from tests.support.clock import ManualClock
from tests.support.coordinator.values import NOW, client_id, session
from tests.support.coordinator.values import rules as rules_of_a_run
from tests.support.coordinator.working import Working, ended, submitted

from pfi_coordinator.application.leader.absences import Absences
from pfi_coordinator.application.leader.offer_clients import OfferClients
from pfi_coordinator.application.record_result import Outcome
from pfi_coordinator.domain.events import ClientsEligible, RoundAborted, TasksGivenBack
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunPhase, new_run
from pfi_coordinator.domain.tasks import TaskName

COHORT = {"size": 3, "minimum": 3, "deadline": "30d"}


async def tasks_of(graph, client):
    return [TaskName.parse(task) for task in (await graph.ports.board.inbox(client)).tasks]


async def working(graph, run):
    """Waits until the round is open and each client of it has its task; gives these clients."""
    state = await graph.until(
        run, lambda state: state.round is not None and state.round.phase is RoundPhase.COLLECTING
    )
    async with asyncio.timeout(60):
        while not all([await tasks_of(graph, client) for client in state.round.open]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return sorted(state.round.open)


async def give_back(graph, client):
    (name,) = await tasks_of(graph, client)
    await graph.results(client, name.text, Outcome(abandoned="STOPPED"))


async def test_another_client_gets_a_task_of_the_same_attempt(graph):
    await graph.join(1, 2, 3, 4)
    run = await submitted(graph, cohort=COHORT)
    async with graph.led():
        first, *others = await working(graph, run)
        await give_back(graph, first)
        state = await graph.until(run, lambda state: len(state.round.cohort) == 4)
        (new,) = state.round.open - set(others)
        async with asyncio.timeout(60):
            while not await tasks_of(graph, new):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert [(name.scope, name.client) for name in await tasks_of(graph, new)] == [("1.1", new)]
    assert await tasks_of(graph, first) == []


async def test_without_another_client_the_round_is_tried_again(graph):
    await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT)
    async with graph.led():
        first, *_ = await working(graph, run)
        await give_back(graph, first)
        state = await graph.until(run, lambda state: state.round.attempt == 2)
    assert state.last_round.cause.reason == "QUORUM_NOT_REACHED"


async def standing(graph):
    """An open round that nobody leads any more; gives the run, its state, and who looks at it."""
    await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT)
    async with graph.led():
        await working(graph, run)
    await graph.join(4)
    return run, OfferClients(graph.leader()._tools, run)


async def look(graph, run, offer):
    return await offer((await graph.ports.runs.load(run)).state)


async def test_a_client_that_stays_away_loses_its_place(graph):
    run, offer = await standing(graph)
    assert not await look(graph, run, offer)
    await graph.ports.presence.leave(session(2))
    for seconds in (16, 30, 29):
        graph.clock.advance(seconds)
        assert not await look(graph, run, offer)
    graph.clock.advance(16)
    assert await look(graph, run, offer)
    state = (await graph.ports.runs.load(run)).state
    assert state.round.open == {client_id(1), client_id(3), client_id(4)}
    assert (state.round.attempt, state.round.closed) == (1, {client_id(2)})


async def test_a_client_that_comes_back_in_time_keeps_its_place(graph):
    run, offer = await standing(graph)
    for _ in range(5):
        await graph.ports.presence.leave(session(2))
        graph.clock.advance(20)
        assert not await look(graph, run, offer)
        await graph.ports.presence.enter(session(2))
        graph.clock.advance(20)
        assert not await look(graph, run, offer)


async def test_substitutes_that_come_too_late_open_no_attempt(graph):
    run, offer = await standing(graph)
    await graph.join(5, 6)
    apply = graph.leader()._tools.apply
    short = await apply(run, TasksGivenBack(1, 1, (client_id(1),)))
    await apply(run, ClientsEligible(()))
    waiting = await apply(run, RoundAborted(1, 1))
    assert (waiting.round.phase, waiting.round.attempt) == (RoundPhase.WAITING, 2)
    await offer(short)
    state = (await graph.ports.runs.load(run)).state
    assert (state.round.phase, state.round.attempt) == (RoundPhase.WAITING, 2)


def test_after_an_outage_nobody_loses_its_place_while_many_come_back():
    clock, clients = ManualClock(NOW), [f"c-{index}" for index in range(40)]
    rules = replace(rules_of_a_run(), selection=SelectionRules(replace=True))
    current = RoundState(1, 1, RoundPhase.COLLECTING, NOW, open=frozenset(clients))
    line = replace(new_run("r-0123456789", rules, NOW), phase=RunPhase.RUNNING, round=current)
    absences = Absences(clock)
    for back in range(0, 37, 3):
        absences.looked([line], set(clients[:back]))
        assert absences.lasting(line) == frozenset()
        clock.advance(15)
    for _ in range(4):
        absences.looked([line], set(clients[:37]))
        clock.advance(15)
    assert absences.lasting(line) == set(clients[37:])
    assert absences.due([line])


async def test_clients_are_looked_for_now_and_then_while_a_round_is_open(graph):
    run, offer = await standing(graph)
    await graph.ports.presence.leave(session(2))
    assert not await look(graph, run, offer)
    graph.clock.advance(1)
    # Nobody looks so soon, so that this absence is never seen.
    await graph.ports.presence.leave(session(3))
    assert not await look(graph, run, offer)
    await graph.ports.presence.enter(session(3))
    graph.clock.advance(60)
    assert await look(graph, run, offer)
    state = (await graph.ports.runs.load(run)).state
    assert state.round.closed == {client_id(2)}


async def test_a_run_by_utility_remembers_its_clients_and_replays(graph):
    clients = await graph.join(1, 2, 3, 4)
    cohort = {"size": 2, "select": "utility", "fairness_cap": 2.0, "deadline": "auto"}
    async with graph.led(), Working(graph, clients):
        run = await submitted(graph, cohort=cohort, stop={"rounds": 6})
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    facts = await graph.ports.histories.find(run, clients)
    assert sum(item.selected for item in facts) == 12
    assert max(item.selected for item in facts) <= 2 * 3
    assert {item.utility for item in facts if item.reported_round} == {20.0}
    assert state.pacer.utilities
    document = await graph.ports.runs.document(run)
    replayed = new_run(run, state.rules, document.created_at)
    for entry in await graph.ports.runs.log(run):
        replayed, _ = decide(replayed, entry.event, entry.now)
    assert replayed == (await graph.ports.runs.load(run)).state

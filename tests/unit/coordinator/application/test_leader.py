import asyncio
import random

import pytest
from tests.support.coordinator.graph import Graph
from tests.support.coordinator.values import client_id
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import (
    Working,
    ended,
    leads,
    nothing_active,
    submitted,
)

from pfi_common.errors import InternalError, ServiceUnavailableError, StoreUnavailableError
from pfi_coordinator.application.ports.aggregators import Attempt
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RoundPhase, RunPhase, new_run


async def test_a_run_is_driven_to_its_end(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    assert state.participants == frozenset(clients)
    history = await graph.ports.runs.history(run)
    assert [item.phase for item in history.rounds] == [RoundPhase.PUBLISHED] * 2
    assert [item.version for item in history.adapters] == [0, 1, 2]
    (rows,) = await graph.ports.board.rows(run, ["eval"])
    assert {row.metrics["held_out_rows"] for row in rows.values()} == {3.0}


@pytest.mark.parametrize("fed_back", ["auto", False])
async def test_clients_are_told_which_of_their_updates_counted(graph, fed_back):
    clients = await graph.join(1, 2, 3)
    encoding = {"upload": "int4_block", "error_feedback": fed_back}
    cohort = {"size": 3, "minimum": 2}
    async with graph.led(), Working(graph, clients):
        run = await submitted(graph, cohort=cohort, encoding=encoding, stop={"rounds": 3})
        await graph.until(run, ended)
    last = dict.fromkeys(clients, 2) if fed_back else dict.fromkeys(clients, 0)
    assert graph.factory.counted_rounds == last


async def test_the_log_replays_to_the_same_state(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, ended)
    document = await graph.ports.runs.document(run)
    replayed = new_run(run, state.rules, document.created_at)
    for entry in await graph.ports.runs.log(run):
        replayed, _ = decide(replayed, entry.event, entry.now)
    assert replayed == (await graph.ports.runs.load(run)).state


async def test_settled_rounds_are_told_and_the_run_comes_to_rest(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        await graph.until(run, lambda state: state.at_rest)
        await eventually(lambda: nothing_active(graph))
    assert graph.aggregators.settled == [
        Attempt(run, "spool-0", 1, 1),
        Attempt(run, "spool-0", 2, 1),
    ]
    notices = (await graph.ports.board.inbox(clients[0])).notices
    assert [notice.settled_round for notice in notices] == [2, 1]


async def test_a_run_waits_for_clients_and_says_so(graph):
    run = await submitted(graph)
    async with graph.led():
        await graph.join(1, 2)
        state = await graph.until(run, lambda state: state.eligible == 2)
        assert state.round.phase is RoundPhase.WAITING
        await graph.join(3)
        await graph.until(run, lambda state: state.round.phase is RoundPhase.COLLECTING)


async def test_an_aggregator_that_is_away_is_named_until_it_is_back(graph):
    clients = await graph.join(1, 2, 3)
    graph.aggregators.failure = ServiceUnavailableError()
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, lambda state: state.trouble is not None)
        assert (state.trouble.effect, state.trouble.reason) == (
            "create_initial_adapter",
            "SERVICE_UNAVAILABLE",
        )
        graph.aggregators.failure = None
        state = await graph.until(run, ended)
    assert (state.phase, state.trouble) == (RunPhase.COMPLETED, None)


async def test_artifacts_that_are_away_are_named_until_they_are_back(graph):
    clients = await graph.join(1, 2, 3)
    put, away = graph.artifacts.put, True

    async def unreliable(*arguments):
        if away:
            raise StoreUnavailableError("The artifact store cannot be read or written.")
        return await put(*arguments)

    graph.artifacts.put = unreliable
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, lambda state: state.trouble is not None)
        assert state.trouble.reason == "STORE_UNAVAILABLE"
        away = False
        state = await graph.until(run, ended)
    assert (state.phase, state.trouble) == (RunPhase.COMPLETED, None)


async def test_a_failure_that_nobody_foresaw_is_named_and_tried_again(graph):
    clients = await graph.join(1, 2, 3)
    async with graph.led() as lead, Working(graph, clients):
        await eventually(lambda: leads(lead))
        graph.aggregators.failure = ZeroDivisionError("a defect")
        run = await submitted(graph)
        state = await graph.until(run, lambda state: state.trouble is not None)
        assert (state.trouble.effect, state.trouble.reason) == (
            "create_initial_adapter",
            "INTERNAL",
        )
        graph.aggregators.failure = None
        state = await graph.until(run, ended)
    assert (state.phase, state.trouble) == (RunPhase.COMPLETED, None)


async def test_a_failure_for_good_fails_the_run(graph):
    graph.aggregators.failure = InternalError("broken")
    run = await submitted(graph)
    async with graph.led():
        state = await graph.until(run, ended)
    assert (state.phase, state.failure.message) == (RunPhase.FAILED, "broken")


async def test_a_leader_that_meets_a_newer_one_takes_a_newer_token(graph):
    clients = await graph.join(1, 2, 3)
    async with graph.led() as lead, Working(graph, clients):
        await eventually(lambda: leads(lead))
        await graph.aggregators.abort_round(50, Attempt("r-other", "spool-0", 1, 1))
        run = await submitted(graph)
        await graph.until(run, ended)
    assert await graph.aggregators.highest_token("spool-0") == 51


async def test_a_run_whose_submission_was_cut_short_is_started(graph):
    await graph.join(1, 2, 3)
    run = await submitted(graph)
    found = graph.ports.runs._run(run)
    found.outbox.clear()
    async with graph.led():
        await graph.until(run, lambda state: state.phase is RunPhase.RUNNING)


async def test_a_revoked_client_selected_by_mistake_gets_no_task(graph):
    clients = await graph.join(1, 2, 3)
    # The registry knows already; the list that selection reads does not yet.
    await graph.ports.registry.revoke(client_id(2))
    run = await submitted(graph)
    async with graph.led(), Working(graph, [clients[0], clients[2]]):
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    assert state.participants == {client_id(1), client_id(3)}
    assert (await graph.ports.board.inbox(client_id(2))).tasks == {}


@pytest.mark.parametrize("seed", range(8))
async def test_leaders_that_die_at_any_moment_lose_and_repeat_nothing(tmp_path, seed):
    graph = Graph(tmp_path)
    randomness = random.Random(seed)
    clients = await graph.join(1, 2, 3)
    make_unreliable(graph, randomness)
    run = await submitted(graph)
    handed_out = []
    spy_on_tasks(graph, handed_out)
    killer = LeaderKiller(graph)
    async with Working(graph, clients):
        for term in range(12):
            async with graph.led(f"holder-{term}"):
                await killer.strike(randomness.randint(1, 6))
        async with graph.led("last"):
            state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    history = await graph.ports.runs.history(run)
    assert [(item.attempt, item.counted) for item in history.rounds] == [(1, 3), (1, 3)]
    assert len(handed_out) == len(set(handed_out)) == 9


class LeaderKiller:
    """Strikes at a look into the store, of which every step of a leader has one."""

    def __init__(self, graph):
        self._load = graph.ports.runs.load
        self._looks = 0
        self._due = asyncio.Event()
        graph.ports.runs.load = self.load

    async def load(self, run):
        self._looks -= 1
        if self._looks <= 0:
            self._due.set()
        await asyncio.sleep(0)
        return await self._load(run)

    async def strike(self, looks):
        self._looks = looks
        self._due.clear()
        async with asyncio.timeout(60):
            await self._due.wait()


def make_unreliable(graph, randomness):
    """Commands take a moment and sometimes fail, before or after they took effect."""
    for name in ("create_initial", "open_round", "seal_round", "finalize_round", "settle_round"):
        command = getattr(graph.aggregators, name)

        async def unreliable(*arguments, command=command):
            await asyncio.sleep(randomness.uniform(0, 0.005))
            if randomness.random() < 0.1:
                raise ServiceUnavailableError
            result = await command(*arguments)
            if randomness.random() < 0.1:
                raise ServiceUnavailableError
            return result

        setattr(graph.aggregators, name, unreliable)


def spy_on_tasks(graph, handed_out):
    """Notes every task that is new in an inbox."""
    inboxes = graph.ports.board._memory.inboxes

    class Inbox(dict):
        def __setitem__(self, task, message):
            handed_out.append(task)
            super().__setitem__(task, message)

    for index in (1, 2, 3):
        inboxes[client_id(index)] = Inbox()


async def test_a_store_that_is_away_is_waited_for(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph)
    load, failures = graph.ports.runs.load, iter(range(3))

    async def unreliable(run):
        if next(failures, None) is not None:
            raise StoreUnavailableError
        return await load(run)

    graph.ports.runs.load = unreliable
    async with graph.led(), Working(graph, clients):
        async with asyncio.timeout(60):
            while True:
                try:
                    state = await graph.until(run, ended)
                    break
                except StoreUnavailableError:
                    continue
    assert state.phase is RunPhase.COMPLETED

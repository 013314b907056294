"""The leader with three spools, in memory."""

import json

import pytest
from tests.support.coordinator.graph import PATIENCE_SECONDS, PIECE_SECONDS, Graph
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import Working, ended, nothing_active, submitted

from pfi_common.errors import ReductionIncompleteError
from pfi_coordinator.application.ports.piece_queue import PieceOrder
from pfi_coordinator.domain.state import RoundPhase, RunPhase

SPOOLS = ("spool-0", "spool-1", "spool-2")
COHORT = {"size": 3, "minimum": 3, "deadline": "10m"}


@pytest.fixture
def graph(tmp_path):
    return Graph(tmp_path, SPOOLS)


def in_phase(phase, attempt=1):
    def holds(state):
        current = state.round
        return current is not None and (current.phase, current.attempt) == (phase, attempt)

    return holds


async def test_a_run_over_three_spools(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT)
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, ended)
        await eventually(lambda: nothing_active(graph))
    assert state.phase is RunPhase.COMPLETED
    history = await graph.ports.runs.history(run)
    assert [sorted(item.spools) for item in history.rounds] == [sorted(SPOOLS)] * 2
    assert {(item.number, item.spool) for item in graph.aggregators.settled} == {
        (number, spool) for number in (1, 2) for spool in SPOOLS
    }
    committed = [
        (attempt.number, attempt.spool, client)
        for attempt, found in graph.aggregators.attempts.items()
        for client in found.committed
    ]
    assert len(committed) == 6
    assert len({(number, spool) for number, spool, _ in committed}) == 6


async def test_a_spool_that_does_not_answer_is_left_out(graph):
    graph.aggregators.away = {"spool-1"}
    clients = await graph.join(1, 2, 3)
    run = await submitted_elsewhere(graph)
    async with graph.led(), Working(graph, clients):
        await graph.until(run, ended)
    history = await graph.ports.runs.history(run)
    assert [sorted(item.spools) for item in history.rounds] == [["spool-0", "spool-2"]] * 2


async def test_without_any_spool_the_run_waits_and_says_so(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT)
    create = graph.aggregators.create_initial

    async def create_and_leave(token, document):
        made = await create(token, document)
        graph.aggregators.away = set(SPOOLS)
        return made

    graph.aggregators.create_initial = create_and_leave
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, lambda state: state.trouble is not None)
        assert state.round.phase is RoundPhase.WAITING
        assert state.trouble.spool == ", ".join(SPOOLS)
        graph.aggregators.away = set()
        graph.clock.advance(seconds=2)
        await graph.until(run, ended)


async def test_a_spool_that_stays_away_is_given_up_and_hears_of_it_later(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT)
    seal = graph.aggregators.seal_round

    async def seal_without_one(token, attempt):
        if attempt.attempt == 1 and attempt.number == 1:
            graph.aggregators.away = {"spool-1"}
        return await seal(token, attempt)

    graph.aggregators.seal_round = seal_without_one
    async with graph.led(), Working(graph, clients):
        waiting = await graph.until(
            run, lambda state: state.trouble and state.trouble.effect == "seal_round"
        )
        assert (waiting.trouble.reason, waiting.trouble.spool) == ("SPOOL_UNAVAILABLE", "spool-1")
        graph.clock.advance(seconds=PATIENCE_SECONDS + 1)
        graph.aggregators.seal_round = seal
        state = await graph.until(run, in_phase(RoundPhase.COLLECTING, attempt=2))
        assert sorted(state.round.spools) == ["spool-0", "spool-2"]
        await graph.until(run, ended)
        graph.aggregators.away = set()
        await eventually(lambda: nothing_active(graph))
    attempts = graph.aggregators.attempts
    assert {
        found.state
        for attempt, found in attempts.items()
        if (attempt.number, attempt.attempt) == (1, 1)
    } == {"aborted"}
    history = await graph.ports.runs.history(run)
    assert [(item.number, item.attempt) for item in history.rounds] == [(1, 1), (1, 2), (2, 1)]


async def test_a_round_whose_finalizing_spool_is_away_is_given_up_before_the_merge(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT, stop={"rounds": 1})
    fold = graph.aggregators.fold_round

    async def fold_and_lose_home(token, attempt):
        folded = await fold(token, attempt)
        current = (await graph.ports.runs.load(run)).state.round
        graph.aggregators.away = {current.spools[0]}
        return folded

    graph.aggregators.fold_round = fold_and_lose_home
    async with graph.led(), Working(graph, clients):
        waiting = await graph.until(run, lambda state: state.trouble is not None)
        assert waiting.round.phase is RoundPhase.REDUCING
        assert waiting.trouble.spool == waiting.round.spools[0]
        graph.aggregators.fold_round = fold
        graph.clock.advance(seconds=PATIENCE_SECONDS + 1)
        state = await graph.until(run, in_phase(RoundPhase.COLLECTING, attempt=2))
        assert waiting.round.spools[0] not in state.round.spools
        await graph.until(run, ended)


async def test_the_closing_evaluation_downloads_from_spools_that_answer(graph):
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT, stop={"rounds": 1})
    finalize = graph.aggregators.finalize_round

    async def finalize_and_leave(token, attempt, *rest):
        made = await finalize(token, attempt, *rest)
        graph.aggregators.away = set(SPOOLS) - {"spool-2"}
        graph.clock.advance(seconds=2)
        return made

    graph.aggregators.finalize_round = finalize_and_leave
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    assert set(graph.factory.spools.values()) == {"spool-2"}


async def test_pieces_are_ordered_waited_for_and_ordered_again(graph):
    graph.aggregators.pieces = 2
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT, aggregate={"rule": "median"}, stop={"rounds": 1})
    async with graph.led(), Working(graph, clients):
        await eventually(lambda: ordered(graph, 2))
        (spool,) = (await graph.ports.runs.load(run)).state.round.spools
        assert graph.pieces.orders == [
            PieceOrder(run, 1, 1, "global", piece, spool) for piece in (0, 1)
        ]
        await answer(graph, graph.pieces.orders[1])
        await graph.until(run, lambda state: state.round and state.round.pieces_done == 1)
        (shown,) = (await graph.show(run))["rounds"]
        assert (shown["state"], shown["pieces"], shown["pieces_done"]) == ("reducing", 2, 1)
        graph.clock.advance(seconds=PIECE_SECONDS + 1)
        await eventually(lambda: ordered(graph, 3))
        assert graph.pieces.orders[2].piece == 0
        await answer(graph, graph.pieces.orders[0])
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED


async def test_a_piece_that_cannot_be_computed_ends_the_run_with_its_sentence(graph):
    graph.aggregators.pieces = 1
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT, aggregate={"rule": "median"}, stop={"rounds": 1})
    async with graph.led(), Working(graph, clients):
        for count in (1, 2, 3):
            await eventually(lambda wanted=count: ordered(graph, wanted))
            order = graph.pieces.orders[-1]
            await graph.artifacts.put_named(
                f"{path_of(order)}.error", json.dumps({"error": "An update is damaged."}).encode()
            )
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.FAILED
    assert (state.failure.reason, state.failure.message) == (
        "REDUCTION_FAILED",
        "An update is damaged.",
    )


async def test_a_piece_that_is_lost_before_the_merge_is_ordered_again(graph):
    graph.aggregators.pieces = 1
    finalize = graph.aggregators.finalize_round
    clients = await graph.join(1, 2, 3)
    run = await submitted(graph, cohort=COHORT, aggregate={"rule": "median"}, stop={"rounds": 1})

    async def without_piece(token, attempt, *rest):
        if await graph.artifacts.get_named(path_of(graph.pieces.orders[0])) is None:
            raise ReductionIncompleteError
        return await finalize(token, attempt, *rest)

    async def lose_piece(token, attempt, *rest):
        await graph.artifacts.delete_named(path_of(graph.pieces.orders[0]))
        graph.aggregators.finalize_round = without_piece
        raise ReductionIncompleteError

    graph.aggregators.finalize_round = lose_piece
    async with graph.led(), Working(graph, clients):
        await eventually(lambda: ordered(graph, 1))
        await answer(graph, graph.pieces.orders[0])
        await eventually(lambda: ordered(graph, 2))
        assert graph.pieces.orders[1] == graph.pieces.orders[0]
        await answer(graph, graph.pieces.orders[1])
        state = await graph.until(run, ended)
    assert state.phase is RunPhase.COMPLETED
    assert len(graph.pieces.orders) == 2


async def submitted_elsewhere(graph):
    """Submits until version 0 is made by a spool that answers."""
    for number in range(50):
        run = await submitted(graph, name=f"run-{number}", cohort=COHORT)
        if (await graph.ports.runs.document(run)).spool not in graph.aggregators.away:
            return run
        await graph.ports.runs.retire(run, (await graph.ports.runs.load(run)).revision)
    raise AssertionError


async def ordered(graph, count):
    return len(graph.pieces.orders) >= count


def path_of(order):
    return f"reductions/{order.run}/{order.line}/{order.round}.{order.attempt}/{order.piece}"


async def answer(graph, order):
    await graph.artifacts.put_named(path_of(order), b"piece")

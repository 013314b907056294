import pytest
from tests.support.coordinator.values import client_id
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import Working, ended, submitted

from pfi_common.errors import ServiceUnavailableError, StoreUnavailableError
from pfi_coordinator.application.ports.aggregators import Attempt
from pfi_coordinator.domain.tasks import TaskState


async def test_a_sealed_round_is_watched_to_its_end_and_not_again(graph):
    clients = await graph.join(1, 2, 3)
    watch, watched, tries = graph.aggregators.watch_round, [], []

    def counting(attempt):
        watched.append(attempt.number)
        return watch(attempt)

    async def away(*arguments):
        tries.append(arguments)
        raise ServiceUnavailableError

    async def tried_for_long():
        return len(tries) > 2

    graph.aggregators.watch_round = counting
    finalize, graph.aggregators.finalize_round = graph.aggregators.finalize_round, away
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        await eventually(tried_for_long)
        assert watched == [1]
        graph.aggregators.finalize_round = finalize
        await graph.until(run, ended)
    assert watched == [1, 2]


@pytest.mark.parametrize("missed", ["save", "change"])
async def test_a_commit_that_the_store_missed_is_counted_when_it_is_back(graph, missed):
    await graph.join(1, 2, 3)
    run = await submitted(graph)
    async with graph.led():
        await graph.until(run, lambda state: state.round and state.round.opened_at is not None)
        await eventually(lambda: has_tasks(graph, client_id(1)))
        misses = miss_once(graph.ports.runs if missed == "save" else graph.ports.board, missed)
        graph.aggregators.commit(Attempt(run, "spool-0", 1, 1), client_id(1))
        await graph.until(run, lambda state: client_id(1) in state.round.committed)
        await eventually(lambda: row_is_committed(graph, run, client_id(1)))
    assert next(misses, None) is None


def miss_once(port, name):
    """The next call of a method finds the store away."""
    method, misses = getattr(port, name), iter(range(1))

    async def missing(*arguments):
        if next(misses, None) is not None:
            raise StoreUnavailableError
        return await method(*arguments)

    setattr(port, name, missing)
    return misses


async def has_tasks(graph, client):
    return bool((await graph.ports.board.inbox(client)).tasks)


async def row_is_committed(graph, run, client):
    (rows,) = await graph.ports.board.rows(run, ["1.1"])
    return rows[client].state is TaskState.COMMITTED

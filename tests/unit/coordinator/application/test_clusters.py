"""The leader drives a run with clusters."""

import json

import pytest
from tests.support.coordinator.graph import Graph
from tests.support.coordinator.values import client_id
from tests.support.coordinator.waiting import eventually
from tests.support.coordinator.working import (
    Grouping,
    Working,
    answer,
    ended,
    nothing_active,
    submitted,
)

from pfi_common.errors import InvalidRequestError
from pfi_coordinator.application.clustering import partition_path
from pfi_coordinator.application.clusters_view import clients_of, clusters_view
from pfi_coordinator.application.record_result import Outcome
from pfi_coordinator.domain.lines import line_of
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RunPhase, new_run
from pfi_coordinator.domain.tasks import Assignment, TaskName

SPEC = {
    "cohort": {"size": 5, "minimum": 5, "deadline": "10m"},
    "stop": {"rounds": 3},
    "cluster": {"method": "update_similarity", "probe_round": 1},
}
GROUPS = [[client_id(1), client_id(2), client_id(3)], [client_id(4), client_id(5)]]


@pytest.fixture
async def clients(graph):
    joined = await graph.join(1, 2, 3, 4, 5)
    graph.aggregators.sketches = {
        client: (1.0, float(index)) for index, client in enumerate(joined)
    }
    return joined


def partition_pending(state):
    return state.partition is not None


async def test_a_run_with_clusters_is_driven_to_its_end(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients), Grouping(graph, GROUPS):
        state = await graph.until(run, ended)
        await eventually(lambda: nothing_active(graph))
    assert state.phase is RunPhase.COMPLETED
    assert [line.phase for line in state.lines] == [RunPhase.COMPLETED] * 2
    assert [line.base.version for line in state.lines] == [3, 3]
    history = await graph.ports.runs.history(run)
    assert [(item.line, item.number) for item in history.rounds] == [
        ("global", 1),
        ("cluster-1", 2),
        ("cluster-1", 3),
        ("cluster-2", 2),
        ("cluster-2", 3),
    ]
    assert await graph.ports.sketches.get(run) == {}
    assert len({attempt.line for attempt in graph.aggregators.settled}) == 3


async def test_everything_of_a_run_with_clusters_is_filed_by_line(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients), Grouping(graph, GROUPS):
        await graph.until(run, ended)
    for path in ("0", "1", "cluster-1/2", "cluster-2/2", "cluster-2/3"):
        version = json.loads(await graph.artifacts.get_named(f"runs/{run}/adapters/{path}.json"))
        *line, number = path.split("/")
        assert (version["line"], version["version"]) == ((*line, "global")[0], int(number))
    stored = json.loads(await graph.artifacts.get_named(f"runs/{run}/evaluation.json"))
    shown = await graph.show(run)
    assert stored["evaluation"] == shown["evaluation"]
    assert [entry["line"] for entry in shown["evaluation"]] == ["cluster-1"] * 3 + ["cluster-2"] * 2
    own = json.loads(await graph.artifacts.get_named(f"runs/{run}/evaluation/cluster-2.json"))
    assert own["evaluation"] == shown["evaluation"][3:]
    assert [line["members"] for line in shown["lines"]] == [3, 2]
    assert shown["partition"] == {
        "state": "done",
        "probe_round": 1,
        "clusters": 2,
        "silhouette": 0.5,
        "reason": "",
    }
    assert shown["rounds_published"] == 3


async def test_the_members_of_clusters_are_shown(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients), Grouping(graph, [GROUPS[0], GROUPS[1][:1]]):
        state = await graph.until(run, lambda state: state.lines)
    names = await graph.ports.registry.find(sorted(clients_of(state)))
    shown = clusters_view(state, names)
    assert [item["client"] for item in shown["clusters"][0]["members"]] == GROUPS[0]
    assert shown["clusters"][1]["members"] == [
        {"client": client_id(4), "display_name": "Client 4", "placed": "probe"}
    ]
    assert shown["unplaced"] == [client_id(5)]


async def test_without_an_answer_the_job_is_sent_again(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients):
        await eventually(lambda: sent(graph, 1))
        assert len(await graph.ports.sketches.get(run)) == 5
        graph.clock.advance(31)
        await eventually(lambda: sent(graph, 2))
        first, second = graph.partitions.orders[:2]
        assert first == second
        await answer(graph, second, GROUPS)
        state = await graph.until(run, lambda state: state.lines)
    assert state.trouble is None


async def sent(graph, count):
    return len(graph.partitions.orders) >= count


async def test_another_leader_asks_again_and_takes_the_same_answer(graph, clients):
    run = await submitted(graph, **SPEC)
    async with Working(graph, clients):
        async with graph.led("first"):
            await eventually(lambda: sent(graph, 1))
        async with graph.led("second"):
            await eventually(lambda: sent(graph, 2))
            await answer(graph, graph.partitions.orders[0], GROUPS)
            state = await graph.until(run, lambda state: state.lines)
    assert len({order.digest for order in graph.partitions.orders}) == 1
    assert len(state.lines) == 2


async def test_a_job_that_failed_leaves_one_line(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients):
        await eventually(lambda: sent(graph, 1))
        failed = json.dumps({"error": "a sketch is not finite"}).encode()
        await graph.artifacts.put_named(partition_path(graph.partitions.orders[0]), failed)
        state = await graph.until(run, ended)
    assert (state.phase, state.lines) == (RunPhase.COMPLETED, ())
    assert "a sketch is not finite" in state.partition.reason
    assert await graph.ports.sketches.get(run) == {}


async def test_without_sketches_nobody_is_asked(graph, clients):
    graph.aggregators.sketches = {}
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients):
        state = await graph.until(run, ended)
    assert graph.partitions.orders == []
    assert "no sketches" in state.partition.reason


async def test_a_client_revoked_before_the_job_is_left_out(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients):
        await eventually(lambda: sent(graph, 1))
        await graph.revoke(client_id(5), "gone")
        await answer(graph, graph.partitions.orders[0], GROUPS)
        state = await graph.until(run, lambda state: state.lines)
    assert state.lines[1].members == {client_id(4)}


async def test_a_cancelled_run_keeps_no_sketches(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients):
        await eventually(lambda: sent(graph, 1))
        await graph.rest().cancel_run(run)
        await eventually(lambda: forgotten(graph, run))
        graph.clock.advance(31)
        await eventually(lambda: nothing_active(graph))


async def forgotten(graph, run):
    return await graph.ports.sketches.get(run) == {}


async def placed(graph: Graph, clients, newcomer: int, chosen: str):
    """A run in which a client joins after the clusters were formed."""
    graph.choices[client_id(newcomer)] = chosen
    run = await submitted(graph, **(SPEC | {"stop": {"rounds": 40}}))
    async with (
        graph.led(),
        Grouping(graph, GROUPS),
        Working(graph, [*clients, client_id(newcomer)]),
    ):
        await graph.until(run, partition_pending)
        await graph.join(newcomer)
        await eventually(lambda: member(graph, run, client_id(newcomer)))
        assert await graph.ports.memberships.line_of(run, client_id(newcomer)) == chosen
        return await graph.until(
            run,
            lambda state: any(
                line.round is not None and client_id(newcomer) in line.round.cohort
                for line in state.lines
            ),
        )


async def member(graph, run, client):
    """Whether a client is in a cluster; the driver looks for new ones once a second."""
    graph.clock.advance(1)
    return line_of((await graph.ports.runs.load(run)).state, client) is not None


async def test_a_new_client_is_placed_on_its_first_task(graph, clients):
    state = await placed(graph, clients, 6, "cluster-2")
    assert state.lines[1].placed == {client_id(6)}
    (rows,) = await graph.ports.board.rows(state.run, ["place.1"])
    assert rows[client_id(6)].state == "completed"


async def test_a_placement_needs_a_line_and_may_be_given_back(graph):
    await graph.join(1)
    name = TaskName("r-0123456789", "place.1", client_id(1))
    await graph.ports.board.hand_out([Assignment(name, b"")])
    with pytest.raises(InvalidRequestError, match="placed_line"):
        await graph.results(name.client, name.text, Outcome())
    await graph.results(name.client, name.text, Outcome(abandoned="BUSY"))
    (rows,) = await graph.ports.board.rows(name.run, ["place.1"])
    assert rows[name.client].state == "abandoned"


async def test_the_log_of_a_run_with_clusters_replays(graph, clients):
    run = await submitted(graph, **SPEC)
    async with graph.led(), Working(graph, clients), Grouping(graph, GROUPS):
        state = await graph.until(run, lambda state: state.at_rest)
    document = await graph.ports.runs.document(run)
    replayed = new_run(run, state.rules, document.created_at)
    for entry in await graph.ports.runs.log(run):
        replayed, _ = decide(replayed, entry.event, entry.now)
    assert replayed == (await graph.ports.runs.load(run)).state

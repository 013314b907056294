"""A run that is led by one mortal leader after the other, and what must hold of it in the end."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.support.coordinator.mortal import Fate, ForgetfulReplica, MortalLeader
from tests.support.coordinator.values import client_id
from tests.support.coordinator.working import answer, submitted, work

from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import GLOBAL, RoundPhase, RunPhase, new_run
from pfi_coordinator.domain.tasks import TaskName, TaskState, round_scope

LOOK_SECONDS, BEAT_SECONDS = 0.02, 1.0
COHORT = {"size": 3, "minimum": 3, "deadline": "10m"}
PLAIN = {"cohort": COHORT, "stop": {"rounds": 2}}
CLUSTERED = {
    "cohort": {"size": 5, "minimum": 5, "deadline": "10m"},
    "stop": {"rounds": 2},
    "cluster": {"method": "update_similarity", "probe_round": 1},
}
GROUPS = [[client_id(1), client_id(2), client_id(3)], [client_id(4), client_id(5)]]


@dataclass(frozen=True)
class Scene:
    """What is led: a plain run or one with clusters, whose rounds have so many pieces."""

    clustered: bool = False
    pieces: int = 0


async def led_to_its_end(graph, scene: Scene, fates: Sequence[Fate]) -> str:
    """Leads a run through these fates, then with a leader that lives; gives the run."""
    clients = await graph.join(*range(1, 6 if scene.clustered else 4))
    graph.aggregators.pieces = scene.pieces
    watch_inboxes(graph)
    graph.results = ForgetfulReplica(graph)
    if scene.clustered:
        graph.aggregators.sketches = {name: (1.0, float(name[-1])) for name in clients}
    run = await submitted(graph, **(CLUSTERED if scene.clustered else PLAIN))
    async with AsyncExitStack() as stack:
        helpers = (work(graph, clients, lambda: LOOK_SECONDS), compute(graph), stay(graph))
        for helping in helpers:
            await stack.enter_async_context(_Beside(helping))
        for number, fate in enumerate([*fates, None]):
            leader = MortalLeader(graph, f"holder-{number}", fate)
            stack.push_async_callback(leader.bury)
            await _until_struck_or_over(graph, leader)
        await _until_nobody_owes_anything(graph, clients)
    return run


def watch_inboxes(graph) -> None:
    """Checks at every task handed out that its client has no other one to work on."""
    hand_out = graph.ports.board.hand_out

    async def watched(assignments):
        await hand_out(assignments)
        for item in assignments:
            tasks = (await graph.ports.board.inbox(item.name.client)).tasks
            at_work = [task for task in tasks if not _is_durable(graph, TaskName.parse(task))]
            assert len(at_work) <= 1, at_work

    graph.ports.board.hand_out = watched


def _is_durable(graph, name: TaskName) -> bool:
    return any(
        name.client in found.committed
        for attempt, found in graph.aggregators.attempts.items()
        if (attempt.line, attempt.number, attempt.attempt) == (name.line, *(name.attempt or ()))
    )


async def compute(graph) -> None:
    """Workers that compute every piece and group the clients, for ever."""
    while True:
        for order in graph.pieces.orders:
            path = f"reductions/{order.run}/{order.line}/{order.round}.{order.attempt}"
            await graph.artifacts.put_named(f"{path}/{order.piece}", b"piece")
        for order in graph.partitions.orders:
            await answer(graph, order, GROUPS)
        await asyncio.sleep(LOOK_SECONDS)


async def stay(graph) -> None:
    """The replica that holds the sessions, which stays there however slow the machine is."""
    while True:
        await graph.ports.presence.beat("replica-0")
        await asyncio.sleep(BEAT_SECONDS)


class _Beside:
    def __init__(self, coroutine) -> None:
        self._coroutine = coroutine

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._coroutine)

    async def __aexit__(self, *_) -> None:
        self._task.cancel()
        (ended,) = await asyncio.gather(self._task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended


async def _until_struck_or_over(graph, leader: MortalLeader) -> None:
    async with asyncio.timeout(600):
        while not leader.struck.is_set() and await graph.ports.runs.active():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


async def _until_nobody_owes_anything(graph, clients: Sequence[str]) -> None:
    """A client whose answer was lost sends its last result again."""
    async with asyncio.timeout(600):
        for client in clients:
            while (await graph.ports.board.inbox(client)).tasks:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)


async def check_everything_counted_once(graph, run: str) -> None:
    """Every oracle about a run of which nobody gave up anything."""
    stored = await graph.ports.runs.load(run)
    assert stored.state.phase is RunPhase.COMPLETED
    assert (stored.outbox, await graph.ports.runs.active()) == ((), [])
    await _every_round_counted_every_client(graph, run, stored.state)
    await _everything_is_settled(graph, run)
    await _the_log_replays(graph, run, stored.state)


async def _every_round_counted_every_client(graph, run: str, state) -> None:
    history = await graph.ports.runs.history(run)
    for item in history.rounds:
        assert (item.attempt, item.phase) == (1, RoundPhase.PUBLISHED)
        held = [
            client
            for attempt, found in graph.aggregators.attempts.items()
            for client in found.committed
            if (attempt.line, attempt.number) == (item.line, item.number)
        ]
        assert len(held) == len(set(held)) == item.counted
    lines = [line for line in every_line(state) if not line.lines]
    published = {(item.line, item.version) for item in history.adapters if item.version}
    wanted = {(line.line, number) for line in lines for number in range(1, state.rules.rounds + 1)}
    if state.lines:
        wanted = {(line, max(number, 2)) for line, number in wanted} | {(GLOBAL, 1)}
    assert published == wanted


async def _everything_is_settled(graph, run: str) -> None:
    opened = set(graph.aggregators.attempts)
    assert set(graph.aggregators.settled) == opened
    assert len({(item.line, item.number, item.spool) for item in opened}) == len(opened)
    for index in range(1, 6):
        assert (await graph.ports.board.inbox(client_id(index))).tasks == {}
    scopes = {round_scope(item.number, item.attempt, item.line) for item in opened}
    for rows in await graph.ports.board.rows(run, sorted(scopes)):
        assert all(row.state is TaskState.COMPLETED for row in rows.values())


async def _the_log_replays(graph, run: str, state) -> None:
    document = await graph.ports.runs.document(run)
    replayed = new_run(run, state.rules, document.created_at)
    log = await graph.ports.runs.log(run)
    for entry in log:
        replayed, _ = decide(replayed, entry.event, entry.now)
    assert replayed == state
    written = [(entry.event, entry.now) for entry in log]
    assert all((step.event, step.now) in written for step in graph.steps)

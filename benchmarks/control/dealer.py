"""The leader's path of a task: looked up, signed, put on the board, and its session woken.

It is the leader's own code, in this process, as in a second replica that leads: it knows the
coordinator that holds the sessions only through Redis.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from benchmarks.throughput.scale import Scale, description, specification
from pfi_common.clock import SystemClock
from pfi_common.spec import parse_run_spec
from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient
from pfi_coordinator.application.outbox.tasks import HandOutTasks
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.application.submit_run import rules_of
from pfi_coordinator.bootstrap.adapters import build_adapters
from pfi_coordinator.domain.effects import DispatchTasks
from pfi_coordinator.domain.state import (
    AdapterVersion,
    RoundPhase,
    RoundState,
    RunState,
    new_run,
)
from pfi_coordinator.domain.tasks import TaskName, round_scope
from pfi_coordinator.settings import CoordinatorSettings

SPOOL = "spool-0"
DIGEST = "00" * 32
DEADLINE = timedelta(hours=1)
KEPT_SECONDS = 10
SCALE = Scale(clients=1, megabytes=8, kind="fp32")
"""The adapter that tasks are about: its 64 matrices are named in each of them."""


class Dealer:
    """Hands out one round after the other.

    Args:
        settings: The coordinator's.
        redis: A client of its Redis.
        run: Run id; dealers at the same time have different ones.
    """

    def __init__(self, settings: CoordinatorSettings, redis: RedisClient, run: str) -> None:
        adapters = build_adapters(settings, redis, SystemClock())
        self._redis = redis
        self._number = 0
        self._hand_out = HandOutTasks(
            adapters.factory,
            adapters.registry,
            adapters.board,
            adapters.signals,
            adapters.runs,
            adapters.counted,
            _find_spools,
        )
        now = SystemClock().now()
        spec, described = parse_run_spec(specification(SCALE, rounds=1)), description(SCALE)
        self._document = RunDocument(run, "bench", now, SPOOL, spec, described)
        self._state = new_run(run, rules_of(spec, 1.0), now)
        schema = described.adapter_schema.digest
        self._base = AdapterVersion(0, DIGEST, schema, DIGEST, DIGEST, now)

    async def deal(self, clients: Sequence[str]) -> None:
        """Hands a task to each of these clients, as one round: the one that `names` names."""
        self._number += 1
        effect = DispatchTasks(self._number, 1, tuple(clients), SystemClock().now() + DEADLINE)
        await self._hand_out.train(self._document, self._with_round(clients), effect, 1)

    def names(self, clients: Sequence[str]) -> dict[str, TaskName]:
        """Names the tasks that the next deal hands out, by client."""
        scope = round_scope(self._number + 1, 1)
        return {client: TaskName(self._document.run, scope, client) for client in clients}

    async def forget(self, tasks: Iterable[TaskName]) -> None:
        """Deletes tasks as if their results had been recorded, which is no part of a hand-out."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for task in tasks:
                pipeline.hdel(keys.inbox(task.client), task.text)
                pipeline.expire(keys.rows(task.run, task.scope), KEPT_SECONDS)
            await pipeline.execute()

    def _with_round(self, clients: Sequence[str]) -> RunState:
        now = SystemClock().now()
        current = RoundState(
            self._number, 1, RoundPhase.COLLECTING, now, open=frozenset(clients), spools=(SPOOL,)
        )
        return replace(self._state, round=current, base=self._base)


async def _find_spools() -> tuple[str, ...]:
    return (SPOOL,)

"""Leaders that die, or stop and go on much later, at any call to anything outside them."""

import asyncio
import copy
import inspect
import random
from contextlib import suppress
from dataclasses import dataclass, fields, replace

from tests.support.coordinator.messages import MemoryReceiptReader

from pfi_common.errors import ServiceUnavailableError, StoreUnavailableError
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.record_result import RecordResult
from pfi_coordinator.application.route_signals import RouteSignals

SILENCE = 0.05
"""Share of steps at which a replica's store does not answer."""

LATENCY_SECONDS = 0.004
"""Half of the longest call: others come in between."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a leader: after so many steps it dies, or stops for so long.

    Each call to a port has two steps, one before and one after it took effect. At some of them the
    store or an aggregator does not answer: the call did nothing, or its answer is lost.
    """

    steps: int
    stops_seconds: float | None = None
    silent_at: frozenset[int] = frozenset()


class MortalLeader:
    """A leading process on a graph whose ports it reaches only while it lives."""

    def __init__(self, graph, name: str, fate: Fate | None = None) -> None:
        self.struck = asyncio.Event()
        self._fate = fate
        self._steps = 0
        self._awake = asyncio.Event()
        self._awake.set()
        self._over = False
        self._latency = random.Random(name)
        self.graph = self._own_view(graph)
        lead = self.graph.leader(name)
        notice = [lead.notice, graph.watchers.notice]
        route = RouteSignals(self.graph.ports.signals, "replica-0", notice)
        self._tasks = [asyncio.create_task(route.run()), asyncio.create_task(lead())]

    async def reach(self, silence: Exception | None = None) -> None:
        """One step; a process that was struck does not come further."""
        if self._over:
            raise asyncio.CancelledError
        self._steps += 1
        if self._fate is not None and self._steps > self._fate.steps and not self.struck.is_set():
            self._strike()
        await asyncio.sleep(self._latency.uniform(0, LATENCY_SECONDS))
        await self._awake.wait()
        if silence is not None and self._fate is not None and self._steps in self._fate.silent_at:
            raise silence

    async def bury(self) -> None:
        """Ends what is left of it, without another step."""
        self._over = True
        self._awake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _strike(self) -> None:
        self._awake.clear()
        self.struck.set()
        if self._fate is not None and self._fate.stops_seconds is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._fate.stops_seconds, self._awake.set)

    def _own_view(self, graph):
        view = copy.copy(graph)
        names = [item.name for item in fields(graph.ports)]
        wrapped = {name: _Reached(getattr(graph.ports, name), self) for name in names}
        for name in ("runs", "board"):
            wrapped[name] = _Reached(getattr(graph.ports, name), self, StoreUnavailableError)
        view.ports = replace(graph.ports, **wrapped)
        view.aggregators = _Reached(graph.aggregators, self, ServiceUnavailableError)
        view.artifacts = _Reached(graph.artifacts, self)
        view.partitions = _Reached(graph.partitions, self)
        view.pieces = _Reached(graph.pieces, self)
        view.apply = ApplyEvent(view.ports.runs, graph.clock, graph.steps.append)
        return view


class ForgetfulReplica:
    """A replica that records results, and whose store does not answer now and then."""

    def __init__(self, graph) -> None:
        self._randomness = random.Random(7)
        runs, board = (
            _Reached(port, self, StoreUnavailableError)
            for port in (graph.ports.runs, graph.ports.board)
        )
        apply = ApplyEvent(runs, graph.clock, graph.steps.append)
        self._record = RecordResult(board, runs, MemoryReceiptReader(), apply)

    async def __call__(self, client, task, outcome) -> None:
        """Records a result; a client that got no answer sends it again."""
        with suppress(StoreUnavailableError):
            await self._record(client, task, outcome)

    async def reach(self, silence: Exception | None = None) -> None:
        await asyncio.sleep(self._randomness.uniform(0, LATENCY_SECONDS))
        if silence is not None and self._randomness.random() < SILENCE:
            raise silence


class _Reached:
    """Something outside a process, with a step before and after each call."""

    def __init__(self, outside, leader, silence: type[Exception] | None = None):
        self._outside = outside
        self._leader = leader
        self._silence = silence

    def __getattr__(self, name):
        found = getattr(self._outside, name)
        if inspect.isasyncgenfunction(found):
            return lambda *arguments: self._stream(found(*arguments))
        if inspect.iscoroutinefunction(found):
            return lambda *arguments, **named: self._call(found(*arguments, **named))
        return found

    async def _call(self, call):
        silence = None if self._silence is None else self._silence()
        try:
            await self._leader.reach(silence)
            result = await call
        finally:
            call.close()
        await self._leader.reach(silence)
        return result

    async def _stream(self, items):
        await self._leader.reach()
        async for item in items:
            await self._leader.reach()
            yield item

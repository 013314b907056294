"""What agents do: they are given tasks, or report progress, as fast as they are served."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from benchmarks.control.agents import Agent
from benchmarks.control.dealer import Dealer
from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_coordinator.domain.tasks import TaskName

IN_A_ROW = 8
"""Progress messages that an agent sends before it waits until they are heard."""
STEPS = 1 << 30
NO_TASK = "999999999.1"
LOST_SECONDS = 30.0


@dataclass
class Run:
    """What was seen in one run.

    Attributes:
        seconds: How long it took.
        latencies: Seconds of each message.
        cpu_seconds: By process.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)


class Tasks:
    """Every agent is given its next task when it has the last one.

    Args:
        dealer: Hands tasks out.
    """

    def __init__(self, dealer: Dealer) -> None:
        self._dealer = dealer
        self._ready: dict[str, Agent] = {}
        self._begun: dict[str, float] = {}
        self._last: dict[str, TaskName] = {}
        self._news = asyncio.Event()
        self._run = Run()

    def heard(self, agent: Agent, message: session.SessionResponse) -> None:
        """Takes the time of a task."""
        begun = self._begun.pop(message.task.task, None)
        if begun is not None:
            self._run.latencies.append(time.perf_counter() - begun)
            self._ready[agent.client] = agent
            self._news.set()

    async def work(self, agents: Sequence[Agent], seconds: float, run: Run) -> None:
        """Deals until the time is over and every task has come."""
        self._run = run
        self._ready = {agent.client: agent for agent in agents}
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            await self._deal()
            while not self._ready:
                await self._wait()
        while self._begun:
            await self._wait()

    async def _deal(self) -> None:
        clients, self._ready = list(self._ready), {}
        named = self._dealer.names(clients)
        done = [self._last[client] for client in clients if client in self._last]
        self._last |= named
        begun = time.perf_counter()
        self._begun |= {task.text: begun for task in named.values()}
        await asyncio.gather(self._dealer.deal(clients), self._dealer.forget(done))

    async def _wait(self) -> None:
        self._news.clear()
        async with asyncio.timeout(LOST_SECONDS):
            await self._news.wait()


class Progress:
    """Every agent reports the progress of a task, some reports in a row.

    A report is not answered. So the result of a task that is not open follows, which is: the
    coordinator takes the messages of a session in their order.

    Args:
        dealer: Hands one task to each agent.
    """

    def __init__(self, dealer: Dealer) -> None:
        self._dealer = dealer
        self._tasks: dict[str, TaskName] = {}
        self._heard: dict[str, asyncio.Event] = {}
        self._steps = 0

    def heard(self, agent: Agent, message: session.SessionResponse) -> None:
        """Notes an answer."""
        if message.HasField("result_recorded"):
            self._heard[agent.client].set()

    async def work(self, agents: Sequence[Agent], seconds: float, run: Run) -> None:
        """Reports until the time is over."""
        if not self._tasks:
            clients = [agent.client for agent in agents]
            self._tasks = self._dealer.names(clients)
            self._heard = {client: asyncio.Event() for client in clients}
            await self._dealer.deal(clients)
        end = time.perf_counter() + seconds
        await asyncio.gather(*(self._report(agent, end, run) for agent in agents))

    async def _report(self, agent: Agent, end: float, run: Run) -> None:
        name, heard = self._tasks[agent.client], self._heard[agent.client]
        last = session.TaskResult(
            task=replace(name, scope=NO_TASK).text,
            abandoned=session.TaskAbandoned(reason=session.ABANDON_REASON_FAILED),
        )
        while time.perf_counter() < end:
            begun = []
            heard.clear()
            for _ in range(IN_A_ROW):
                self._steps += 1
                begun.append(time.perf_counter())
                told = session.TaskProgress(
                    task=name.text, steps_done=self._steps, steps_total=STEPS
                )
                await agent.say(session.SessionRequest(progress=told))
            await agent.say(session.SessionRequest(result=last))
            async with asyncio.timeout(LOST_SECONDS):
                await heard.wait()
            now = time.perf_counter()
            run.latencies += [now - each for each in begun]

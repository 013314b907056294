"""An agent whose updates point where those of its group do."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
from tests.support.coordinator.agent import TestAgent

from pfi.coordinator.v1 import session_service_pb2, task_pb2

NOISE = 0.2
"""Size of what is a client's own in its update, relative to what it shares with its group."""


@dataclass
class Group:
    """Clients with similar updates, and the line that they were found to have."""

    seed: int
    line: str = ""
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    held_from_round: int = 1000

    def direction(self, count: int) -> np.ndarray:
        return np.random.default_rng(self.seed).standard_normal(count)


@dataclass
class GroupedAgent(TestAgent):
    """Moves in its group's direction, and finds its group's line to fit best."""

    group: Group = field(default_factory=lambda: Group(0))
    placements: list[task_pb2.PlaceTask] = field(default_factory=list)

    async def work(self, task: task_pb2.Task) -> session_service_pb2.SessionRequest:
        if task.WhichOneof("work") == "place":
            self.placements.append(task.place)
            done = session_service_pb2.TaskCompleted(placed_line=self.group.line)
            result = session_service_pb2.TaskResult(task=task.task, completed=done)
            return session_service_pb2.SessionRequest(result=result)
        if task.base.line != "global":
            self.group.line = task.base.line
        if task.round >= self.group.held_from_round:
            await self.group.may_go_on.wait()
        return await super().work(task)

    def vector(self, task: task_pb2.Task) -> np.ndarray:
        own = np.random.default_rng(task.seed)
        count = self.schema.coordinate_count
        moved = self.group.direction(count) + NOISE * own.standard_normal(count)
        return (self.delta * moved).astype(np.float32)

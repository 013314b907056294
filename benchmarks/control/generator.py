"""The load: agents that are given tasks, or that report progress, as fast as they are served.

`python -m benchmarks.control.generator FOLDER` reads what to do from its standard input (JSON) and
prints what each run gave.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.control.agents import Agent
from benchmarks.control.dealer import Dealer
from benchmarks.control.loads import Progress, Run, Tasks
from benchmarks.control.members import read_members
from pfi_common.open_files import raise_open_files
from pfi_coordinator.bootstrap.store import opened_redis
from pfi_coordinator.settings import CoordinatorSettings

WARM_SECONDS = 0.5
CONNECTING = 8


@dataclass(frozen=True)
class Asked:
    """What to do.

    Attributes:
        kind: `tasks` or `progress`.
        target: Where sessions are opened.
        agents: How many there are.
        runs: How often to measure.
        seconds: How long each time.
        processes: Pids of others, by name, whose CPU time is told.
        settings: Of the coordinator.
    """

    kind: str
    target: str
    agents: int
    runs: int
    seconds: float
    processes: dict[str, int]
    settings: dict[str, object]


KINDS: dict[str, type[Tasks] | type[Progress]] = {"tasks": Tasks, "progress": Progress}


async def generate(folder: Path, asked: Asked) -> list[Run]:
    """Opens the sessions, warms up, and measures."""
    settings = CoordinatorSettings.model_validate(asked.settings)
    async with opened_redis(settings) as redis:
        run = f"r-{secrets.token_hex(5)}"
        load = KINDS[asked.kind](Dealer(settings, redis, run))
        members = read_members(folder / "members.json", 0, asked.agents)
        agents = [Agent(member, load.heard) for member in members]
        connecting = asyncio.Semaphore(CONNECTING)
        await asyncio.gather(*(agent.connect(asked.target, connecting) for agent in agents))
        try:
            await load.work(agents, WARM_SECONDS, Run())
            return [await _measured(load, agents, asked) for _ in range(asked.runs)]
        finally:
            await asyncio.gather(*(agent.close() for agent in agents))


async def _measured(load: Tasks | Progress, agents: Sequence[Agent], asked: Asked) -> Run:
    processes = {name: psutil.Process(pid) for name, pid in asked.processes.items()}
    processes["generator"] = psutil.Process()
    run = Run()
    before = {name: sum(each.cpu_times()[:2]) for name, each in processes.items()}
    begun = time.perf_counter()
    await load.work(agents, asked.seconds, run)
    run.seconds = time.perf_counter() - begun
    run.cpu_seconds = {
        name: sum(each.cpu_times()[:2]) - before[name] for name, each in processes.items()
    }
    return run


if __name__ == "__main__":
    raise_open_files()
    found = asyncio.run(generate(Path(sys.argv[1]), Asked(**json.load(sys.stdin))))
    print(json.dumps([asdict(each) for each in found]))

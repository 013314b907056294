"""Starts the load, and sums up what it saw."""

import json
import subprocess
import sys
from typing import Any

from benchmarks.control.site import ControlSite

MICROSECONDS, MILLISECONDS = 1e6, 1e3
PERCENTILE = 0.99

Observed = dict[str, Any]
"""Of one run: messages per second, latencies, and the CPU of processes."""


def observe(site: ControlSite, kind: str, agents: int, runs: int, seconds: float) -> list[Observed]:
    """Measures some runs of a kind of load.

    Raises:
        RuntimeError: The load did not end well.
    """
    asked = {
        "kind": kind,
        "target": site.target,
        "agents": agents,
        "runs": runs,
        "seconds": seconds,
        "processes": {"coordinator": site.coordinator.pid, "redis": site.redis.pid},
        "settings": site.settings.model_dump(mode="json", exclude_none=True),
    }
    command = [sys.executable, "-m", "benchmarks.control.generator", str(site.folder)]
    done = subprocess.run(
        command, input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{kind}, {agents} agents: {site.log[-2000:]}")
    return [sum_up(**each) for each in json.loads(done.stdout)]


def sum_up(seconds: float, latencies: list[float], cpu_seconds: dict[str, float]) -> Observed:
    """Gives rate, latencies at the middle and at 99 of 100, and what a message costs.

    Args:
        seconds: How long the run took.
        latencies: Seconds of each message.
        cpu_seconds: Of each process.
    """
    ordered, count = sorted(latencies), len(latencies)
    return {
        "per_second": round(count / seconds, 1),
        "p50_milliseconds": round(ordered[count // 2] * MILLISECONDS, 3),
        "p99_milliseconds": round(ordered[int(count * PERCENTILE)] * MILLISECONDS, 3),
        "cpu_microseconds": {
            name: round(used / count * MICROSECONDS, 1) for name, used in cpu_seconds.items()
        },
        "cores": {name: round(used / seconds, 3) for name, used in cpu_seconds.items()},
    }

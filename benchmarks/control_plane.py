"""How fast tasks reach agents, and progress comes back, over open sessions; beside Flower."""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.control import flower
from benchmarks.control.figures import AGENTS, KINDS, limits_of, rows_of, targets_of
from benchmarks.control.load import observe
from benchmarks.control.site import ControlSite
from benchmarks.result import Result
from benchmarks.throughput.flower import PeerFailed, Peers

SECONDS = 3.0
NOTES = (
    "A hand-out lasts from the moment at which the leader's code begins to look the clients up "
    "until the agent has read the task from its stream: registration, signed upload ticket, inbox "
    "in Redis, waking of the replica, `Session`. A task is 6 KB, of an adapter with 64 matrices. "
    "An agent gets the next task when it has the last one; those that are ready are served "
    "together, as a cohort is. The leader's code runs in the process of the agents, as in a second "
    "replica, so `coordinator` is what holding the sessions costs. What a task leaves in the "
    "inbox is deleted beside it; its result is no part of a hand-out.",
    "A progress message is not answered, so each agent sends 8 of them and then the result of a "
    "task that is not open, which is answered after one look into Redis. A message lasts until "
    "that answer: the coordinator takes the messages of a session in order. Rows that people see "
    "are written four times a second, all together.",
    "All agents share one process, each with its own certificate and connection. Flower's "
    "SuperLink keeps its state in memory and has neither TLS nor authentication of nodes; each of "
    "its connections asks again when it is answered, and there is no message for it. It takes "
    "part when `BENCH_PEERS` names a folder with a script `flower_control.py`, and "
    "`BENCH_PEER_PYTHON` a Python with Flower.",
)


def measure(runs: int = 5) -> Result:
    """Measures ours and then, where the environment names it, Flower."""
    measured = _ours(runs)
    notes = list(NOTES)
    peers = Peers.from_environment()
    if peers is None:
        notes.append("Flower was not measured.")
    else:
        try:
            measured["flower"] = flower.observe(peers, AGENTS, runs)
        except PeerFailed as reason:
            notes.append("Flower did not answer every call, so it is not shown.")
            print(reason, flush=True)
    return Result(
        name="control-plane",
        about="Messages between a coordinator process and synthetic agents over open `Session` "
        "streams, with mutual TLS and a real Redis that writes its log; all on the same cores.",
        rows=rows_of(measured),
        targets=targets_of(measured),
        notes=[*limits_of(measured), *notes],
        measured=measured,
    )


def _ours(runs: int) -> dict[str, Any]:
    measured: dict[str, Any] = {kind: {} for kind in KINDS}
    with (
        tempfile.TemporaryDirectory(prefix="pfi-benchmark-") as name,
        ControlSite(Path(name)) as site,
    ):
        site.enrol(max(AGENTS))
        site.start_coordinator()
        for kind in KINDS:
            for agents in AGENTS:
                seen = observe(site, kind, agents, runs, SECONDS)
                rates = [run["per_second"] for run in seen]
                print(f"{kind}, {agents} agents: {rates} a second", flush=True)
                measured[kind][str(agents)] = seen
    return measured

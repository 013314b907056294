"""Rounds without training: how fast bytes go through coordinator and aggregator, beside Flower."""

import json
import os
from collections.abc import Sequence
from typing import Any

from benchmarks.machine import commit
from benchmarks.result import FOLDER, Result
from benchmarks.throughput.figures import profile_of, rows_of, targets_of
from benchmarks.throughput.flower import PeerFailed, Peers
from benchmarks.throughput.ours import observe
from benchmarks.throughput.scale import ENCODINGS, Scale

NAME = "round-throughput"
SIZES_MEGABYTES = (8, 64)
CLIENTS = (2, 8, 32)
LARGE = ((100, 64), (300, 8))
NOT_BY_FLOWER = (32, 64)
QUICK = ("2x8-fp32", "8x8-fp32", "8x64-fp32")
NOTES = (
    "Clients share one process, which holds up to 8 distinct updates in memory, keeps no adapter, "
    "and does everything else as the agent does it: session, ticket, download and its digest, "
    "upload, receipt. All of them ask at once. int8 is int8_block, both ways. Each part "
    "has services of its own, and a first round that is not counted. A round lasts from its "
    "opening to the opening of the next one.",
    "Payload a second is the adapter to every client and every update back, in the time of the "
    "round.",
    "Flower is stock FedAvg in a deployment of SuperLink, one SuperNode a client and a ServerApp, "
    "without TLS, the adapter in 64 arrays; its round lasts from configuring clients to the end of "
    "the aggregation. With 32 clients it is given one round; 32 x 64 MB is left out, since its "
    "processes would not fit into the memory of this machine.",
    "Flower takes part when `BENCH_PEERS` names a folder with a script `flower_bench.py`, which "
    "runs such a deployment and prints what it measured, and `BENCH_PEER_PYTHON` a Python with "
    "Flower. `ARGS='--parts 8x64-fp32,8x64-flower'` measures parts alone and keeps the others.",
)


def all_parts() -> list[str]:
    """Names of every part; ours and Flower take turns."""
    sizes = [(count, size) for size in SIZES_MEGABYTES for count in CLIENTS]
    parts = []
    for clients, megabytes in (*sizes, *LARGE):
        kinds = [*ENCODINGS]
        if (clients, megabytes) in sizes and (clients, megabytes) != NOT_BY_FLOWER:
            kinds.append("flower")
        parts += [Scale(clients, megabytes, kind).name for kind in kinds]
    return parts


def measure(runs: int = 5, parts: Sequence[str] | None = None) -> Result:
    """Measures parts, and puts them beside those that were measured before.

    Args:
        runs: Rounds of each part, after the first.
        parts: Names such as `8x64-fp32`, `quick` for a few of them, or `ours` for all but
            Flower's; all unless given, and Flower's where the environment names it.
    """
    peers = Peers.from_environment()
    wanted = _wanted(parts, peers is not None)
    measured = _stored() if parts else {}
    for name in wanted:
        try:
            measured[name] = _observe(Scale.parse(name), runs, peers)
        except PeerFailed as reason:
            print(f"{name} was not measured: {reason}", flush=True)
            continue
        print(f"{name}: {measured[name]['round_seconds']}", flush=True)
        _result(measured).write(os.getloadavg()[0])  # what is measured stays when this is ended
    return _result(measured)


def _wanted(parts: Sequence[str] | None, beside_flower: bool) -> list[str]:
    if parts is None:
        parts = all_parts() if beside_flower else ["ours"]
    shorts = {"quick": QUICK, "ours": [name for name in all_parts() if "flower" not in name]}
    return [name for part in parts for name in shorts.get(part, [part])]


def _observe(scale: Scale, runs: int, peers: Peers | None) -> dict[str, Any]:
    where = {"commit": commit(), "load_before": round(os.getloadavg()[0], 2)}
    if scale.kind != "flower":
        return observe(scale, runs) | where
    if peers is None:
        raise ValueError("BENCH_PEERS and BENCH_PEER_PYTHON say where Flower is")
    return peers.observe(scale, runs) | where


def _stored() -> dict[str, Any]:
    file = FOLDER / f"{NAME}.json"
    return dict(json.loads(file.read_text())["measured"]) if file.is_file() else {}


def _result(measured: dict[str, Any]) -> Result:
    ordered = {name: measured[name] for name in all_parts() if name in measured}
    ordered |= {name: found for name, found in measured.items() if name not in ordered}
    alone = [] if any("flower" in name for name in ordered) else ["Flower was not measured."]
    return Result(
        name=NAME,
        about="Rounds in which nobody trains, with real services, mutual TLS and synthetic "
        "updates, in processes on the same cores; Flower beside them.",
        rows=rows_of(ordered),
        targets=targets_of(ordered),
        notes=[*profile_of(ordered), *NOTES, *alone],
        measured=ordered,
    )

"""Rows, targets and notes of the control plane, from what was measured."""

import os
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.result import Row, Target

AGENTS = (1, 8, 32, 128)
KINDS = {"tasks": "task hand-outs", "progress": "progress messages"}
PEER_KINDS = {"poll": "Flower's message pulls", "heartbeat": "Flower's heartbeats"}
COMPARED = 32
TIMES_FASTER, LIMIT_MILLISECONDS = 10.0, 100.0

Measured = Mapping[str, Mapping[str, Any]]


def rows_of(measured: Measured) -> list[Row]:
    """Rate, p99 and CPU of each kind and number of agents; Flower's beside them."""
    rows = []
    for kind, words in KINDS.items():
        for agents, runs in measured[kind].items():
            rows += _ours(f"{words}, {_many(agents, 'agent')}", runs)
    for kind, words in PEER_KINDS.items():
        for agents, seen in measured.get("flower", {}).get(kind, {}).items():
            what = f"{words}, {_many(agents, 'connection')}"
            rows.append(_theirs(f"{what}: rate", "/s", seen["rps"]))
            rows.append(_theirs(f"{what}: p99", "ms", seen["p99_ms"]))
            rows.append(_theirs(f"{what}: CPU of the SuperLink", "us", seen["superlink_cpu_us"]))
    return rows


def targets_of(measured: Measured) -> list[Target]:
    """Both targets, for each kind of message."""
    targets = []
    for kind, words in KINDS.items():
        runs = measured[kind].get(str(COMPARED))
        if runs is None:
            continue
        what = f"{words}, {COMPARED} agents"
        if "flower" in measured:
            targets.append(_faster(what, runs, measured["flower"]["poll"][str(COMPARED)]))
        p99s = [run["p99_milliseconds"] for run in runs]
        p99 = statistics.median(p99s)
        value = f"{p99:.1f} ms (highest {max(p99s):.1f} ms)"
        targets.append(Target(what, "p99 below 100 ms", value, p99 < LIMIT_MILLISECONDS))
    return targets


def limits_of(measured: Measured) -> list[str]:
    """What the processes are busy with where the targets are, and so what limits the rate."""
    notes = []
    for kind, words in KINDS.items():
        runs = measured[kind].get(str(COMPARED))
        if runs is None:
            continue
        cores = {
            name: statistics.median(run["cores"][name] for run in runs) for name in runs[0]["cores"]
        }
        parts = ", ".join(f"{name} {used:.2f}" for name, used in cores.items())
        notes.append(
            f"What limits {words} with {COMPARED} agents: cores in use by {parts}; together "
            f"{sum(cores.values()):.2f} of {os.cpu_count()}."
        )
    return notes


def _faster(what: str, runs: Sequence[Mapping[str, Any]], theirs: Mapping[str, Any]) -> Target:
    rate, peer = statistics.median(run["per_second"] for run in runs), theirs["rps"]["med"]
    value = f"{rate / peer:.1f} times: {rate:.0f}/s, Flower {peer:.0f}/s"
    return Target(what, "10 times its rate at 32", value, rate >= TIMES_FASTER * peer)


def _ours(what: str, runs: Sequence[Mapping[str, Any]]) -> list[Row]:
    cpu = [run["cpu_microseconds"] for run in runs]
    return [
        Row.of(f"{what}: rate", "/s", [run["per_second"] for run in runs]),
        Row.of(f"{what}: p99", "ms", [run["p99_milliseconds"] for run in runs]),
        *(
            Row.of(f"{what}: CPU of {name}", "us", [each[name] for each in cpu])
            for name in ("coordinator", "redis")
        ),
    ]


def _theirs(what: str, unit: str, seen: Mapping[str, float]) -> Row:
    return Row(what, unit, seen["med"], seen["min"], seen["max"], int(seen["n"]))


def _many(count: str, word: str) -> str:
    return f"{count} {word}" if count == "1" else f"{count} {word}s"

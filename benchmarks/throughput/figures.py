"""Rows and targets from what was measured."""

import os
import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.result import Row, Target
from benchmarks.throughput.scale import Scale
from benchmarks.throughput.stages import Stages

BYTES_PER_GIGABYTE = 1e9
COMPARED = Scale(8, 64, "fp32")
TIMES_FASTER = 15
FEW, MANY = Scale(8, 8, "fp32"), Scale(300, 8, "fp32")
MEMORY_SHARE = 0.1
IN_STAGES = (COMPARED.name, Scale(100, 64, "fp32").name)
LEAST_SHOWN = 0.005
SERVERS = ("coordinator", "aggregator", "superlink", "serverapp")

Measured = Mapping[str, Mapping[str, Any]]


def rows_of(measured: Measured) -> list[Row]:
    """Time, payload a second, CPU and memory of each part; stages of two of them."""
    rows = [_seconds(name, found) for name, found in measured.items()]
    rows += [_speed(name, found) for name, found in measured.items() if "flower" not in name]
    for name, found in measured.items():
        rows += _by_process(name, found)
    for name in IN_STAGES:
        if name in measured:
            rows += _stages(name, measured[name])
    return rows


def targets_of(measured: Measured) -> list[Target]:
    """The targets whose parts were measured."""
    targets = []
    flower = Scale(COMPARED.clients, COMPARED.megabytes, "flower").name
    if {COMPARED.name, flower} <= measured.keys():
        ours, theirs = (_seconds(name, measured[name]).median for name in (COMPARED.name, flower))
        targets.append(
            Target(
                "round without training, 8 clients x 64 MB",
                "at least 15 times faster than Flower at 8 x 64 MB fp32 (it took 39.5 s where "
                "moving the bytes takes about 1 s)",
                f"{theirs / ours:.1f} times: {ours:.2f} s, Flower {theirs:.1f} s",
                theirs / ours >= TIMES_FASTER,
            )
        )
    if {FEW.name, MANY.name} <= measured.keys():
        few, many = (measured[part.name]["peak_megabytes"]["aggregator"] for part in (FEW, MANY))
        targets.append(
            Target(
                "peak memory of the aggregator, 8 MB adapter",
                "aggregator peak memory within 10 % from 8 to 300 clients at the same adapter size",
                f"{few:.0f} MB with 8, {many:.0f} MB with 300 ({many / few - 1:+.0%})",
                many <= few * (1 + MEMORY_SHARE),
            )
        )
    return targets


def profile_of(measured: Measured) -> list[str]:
    """What a round of the compared size spends, for when it is slower than it should be."""
    if COMPARED.name not in measured:
        return []
    found = measured[COMPARED.name]
    used = {name: cpu for name, cpu in found["cpu_seconds_per_round"].items() if cpu >= LEAST_SHOWN}
    parts = ", ".join(f"{name} {cpu:.2f} s" for name, cpu in sorted(used.items()))
    stages = ", ".join(
        f"{stage} {statistics.median(values):.2f} s" for stage, values in found["stages"].items()
    )
    total, cores = sum(used.values()), os.cpu_count() or 1
    return [
        f"Where a round of {COMPARED.words} goes: {stages}. CPU of it: {parts}; together "
        f"{total:.2f} s, for which {cores} cores need at least {total / cores:.2f} s."
    ]


def _seconds(name: str, found: Mapping[str, Any]) -> Row:
    return Row.of(f"{Scale.parse(name).words}: round", "s", found["round_seconds"])


def _speed(name: str, found: Mapping[str, Any]) -> Row:
    scale = Scale.parse(name)
    moved = scale.round_bytes / BYTES_PER_GIGABYTE
    speeds = [moved / seconds for seconds in found["round_seconds"]]
    return Row.of(f"{scale.words}: payload a second", "GB/s", speeds)


def _by_process(name: str, found: Mapping[str, Any]) -> list[Row]:
    words = Scale.parse(name).words
    cpu, peak = found["cpu_seconds_per_round"], found["peak_megabytes"]
    return [
        row
        for process in SERVERS
        if process in cpu
        for row in (
            Row.of(f"{words}: CPU of {process} a round", "s", [cpu[process]]),
            Row.of(f"{words}: peak memory of {process}", "MB", [peak[process]]),
        )
    ]


def _stages(name: str, found: Mapping[str, Any]) -> list[Row]:
    words = Scale.parse(name).words
    return [
        Row.of(f"{words}: {stage}, {meaning}", "s", found["stages"][stage])
        for stage, meaning in Stages.NAMES.items()
    ]

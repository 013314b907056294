"""How fast an aggregator takes updates in, beside handlers that do less with the same bytes."""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.intake.site import KINDS, Intake, Site
from benchmarks.result import Result, Row, Target
from pfi_cli.local.redis_server import RedisServer
from pfi_common.tensors import FP32, INT8_BLOCK
from pfi_common.tensors.encoding import EncodingValue

COORDINATES = 16_000_000
CASES: tuple[tuple[int, EncodingValue], ...] = ((1, FP32), (4, FP32), (8, FP32), (4, INT8_BLOCK))
COMPARED = CASES[1]
ENCODINGS = {FP32: "fp32", INT8_BLOCK: "int8_block"}
NAMES = {
    "discard": "handler that discards",
    "durable": "handler that hashes, writes and fsyncs",
    "aggregator": "aggregator",
    "folding": "aggregator that folds ahead",
}
SPEED, CPU, PEAK = "payload a second", "CPU of the server", "peak memory, read after every run"
OF_DURABLE, OF_DISCARD = 0.8, 0.4
BYTES_PER_GIGABYTE = 1e9

Key = tuple[str, int, EncodingValue]


def measure(runs: int = 5) -> Result:
    """Uploads to the three servers in turn, so that what else the machine does meets all alike."""
    found: dict[Key, list[Intake]] = defaultdict(list)
    peaks: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="pfi-benchmark-") as name,
        RedisServer(Path(name) / "redis") as server,
    ):
        site = Site(Path(name), server.url, COORDINATES)
        try:
            site.start()
            for clients, encoding in CASES:
                for kind in KINDS:
                    site.upload(kind, clients, encoding)  # warms up
                for _ in range(runs):
                    for kind in KINDS:
                        intake = site.upload(kind, clients, encoding)
                        found[kind, clients, encoding].append(intake)
                        peaks[kind].append(site.peak_megabytes(kind))
        finally:
            site.stop()
    return _result(found, peaks)


def _result(found: dict[Key, list[Intake]], peaks: dict[str, list[float]]) -> Result:
    rows = [row for key, intakes in found.items() for row in _rows(key, intakes)]
    rows += [Row.of(f"{NAMES[kind]}: {PEAK}", "MB", peaks[kind]) for kind in KINDS]
    return Result(
        name="ingest",
        about="Updates of 16 M coordinates (64 MB in fp32) over mutual TLS, one connection a "
        "client, all at the same time; servers and clients share the machine.",
        rows=rows,
        targets=[
            _target(
                found,
                "durable",
                OF_DURABLE,
                "at least 0.8 of a handler that hashes, writes and fsyncs",
            ),
            _target(found, "discard", OF_DISCARD, "at least 0.4 of one that discards"),
        ],
        notes=[
            "The aggregator hashes, looks for what is not finite, sums the squares, encrypts, "
            "writes and fsyncs, and checks ticket, plan and record; its answer is a signed "
            "receipt. The handlers run in processes of their own on the same identity, options "
            "and allocator settings, take the same messages with the generated code, and answer "
            "with nothing. Ratios compare the medians of runs that took turns."
        ],
    )


def _rows(key: Key, intakes: Sequence[Intake]) -> list[Row]:
    kind, clients, encoding = key
    what = f"{NAMES[kind]}, {clients} x {ENCODINGS[encoding]}"
    return [
        Row.of(f"{what}: {SPEED}", "GB/s", _speeds(intakes)),
        Row.of(
            f"{what}: {CPU}",
            "s/GB",
            [each.cpu_seconds / each.payload_bytes * BYTES_PER_GIGABYTE for each in intakes],
        ),
    ]


def _speeds(intakes: Sequence[Intake]) -> list[float]:
    return [each.payload_bytes / each.seconds / BYTES_PER_GIGABYTE for each in intakes]


def _target(found: dict[Key, list[Intake]], kind: str, share: float, words: str) -> Target:
    clients, encoding = COMPARED
    ours = median(_speeds(found["aggregator", clients, encoding]))
    theirs = median(_speeds(found[kind, clients, encoding]))
    return Target(
        f"payload a second, {clients} clients x 64 MB fp32",
        words,
        f"{ours / theirs:.2f}: {ours:.2f} GB/s, {NAMES[kind]} {theirs:.2f} GB/s",
        ours >= share * theirs,
    )

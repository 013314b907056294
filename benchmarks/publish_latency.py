"""From the last commit of a round to its published adapter."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import redis

from benchmarks.folding.publisher import Publisher
from benchmarks.intake.members import SPOOL
from benchmarks.result import Result, Row, Target
from benchmarks.workload import high_water_mib, program
from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1.update_service_pb2_grpc import UpdateServiceStub
from pfi_cli.local.redis_server import RedisServer
from pfi_cli.settings import inherited_environment
from pfi_common.identity import load_identity
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.chunks import iter_chunks
from pfi_common.tensors import FP32

CLIENTS, COORDINATES = 100, 16_000_000
AT_A_TIME = (1, 4, CLIENTS)
LIMIT_SECONDS, START_SECONDS = 600.0, 60.0
TARGET_SECONDS = 1.0
LATENCY = "from the last commit to the published adapter"
DEVIATION = 1e-3
MEGABYTES_PER_MEBIBYTE = 1.048576


@dataclass(frozen=True)
class Published:
    """One round.

    Attributes:
        upload_seconds: From the first message to the last receipt.
        seconds: From the last receipt to the published version's lineage.
        merge_seconds: Of these, in which the aggregator merged.
    """

    upload_seconds: float
    seconds: float
    merge_seconds: float


def measure(runs: int = 5) -> Result:
    """Publishes rounds whose updates come one after the other, some or all at a time."""
    found: dict[int, list[Published]] = {}
    peaks = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pfi-benchmark-")))
        server = stack.enter_context(RedisServer(folder / "redis"))
        target, members, process = stack.enter_context(_aggregator(folder, server.url))
        asyncio.run(members.create(target))
        rounds = [streams for _ in range(runs) for streams in AT_A_TIME]
        for number, streams in enumerate(rounds, start=1):
            done = asyncio.run(_round(folder, members, target, (number, streams)))
            found.setdefault(streams, []).append(done)
            print(f"{streams} at a time: {done}", flush=True)
            peaks.append(high_water_mib(process.pid) * MEGABYTES_PER_MEBIBYTE)
    return _result(found, peaks)


@contextmanager
def _aggregator(
    folder: Path, redis_url: str
) -> Iterator[tuple[str, Publisher, "subprocess.Popen[bytes]"]]:
    """An aggregator in a process of its own, with defaults."""
    members = Publisher(folder, COORDINATES)
    with redis.Redis.from_url(redis_url) as connection:
        connection.hset("pfi:federation", mapping={"authority": "bench", "version": "0"})
    endpoints = folder / "aggregator.json"
    settings = {
        "STATE": folder / "state",
        "SPOOL": folder / "spool",
        "SPOOL_NAME": SPOOL,
        "ARTIFACTS_URL": (folder / "artifacts").as_uri(),
        "REDIS_URL": redis_url,
        "ENDPOINTS_FILE": endpoints,
        "LOG_LEVEL": "WARNING",
    }
    environment = {**inherited_environment(), "OMP_NUM_THREADS": "1"}
    environment |= {f"PFI_AGGREGATOR_{name}": str(value) for name, value in settings.items()}
    with (folder / "aggregator.log").open("wb") as log:
        command = [program("pfi-aggregator"), "serve"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not endpoints.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "aggregator.log").read_text()[-2000:])
            time.sleep(0.05)
        yield str(json.loads(endpoints.read_text())["aggregator"]), members, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


async def _round(
    folder: Path, members: Publisher, target: str, which: tuple[int, int]
) -> Published:
    number, streams = which
    rng = np.random.default_rng(number)
    vector = rng.standard_normal(COORDINATES, dtype=np.float32) * np.float32(DEVIATION)
    payload = vector.tobytes()
    members.open(target, number)
    names = [f"c-{client:012}" for client in range(CLIENTS)]
    headers = [members.upload(name, number, payload, FP32) for name in names]
    free = asyncio.Semaphore(streams)
    begun = time.perf_counter()
    await asyncio.gather(
        *(
            _send(folder / name, target, header, (payload, free))
            for name, header in zip(names, headers, strict=True)
        )
    )
    last = time.perf_counter()
    published = await members.publish(target, number)
    seconds = time.perf_counter() - last
    await members.settle(target, number, published)
    return Published(last - begun, seconds, published.merge_seconds)


async def _send(
    identity: Path, target: str, header: str, what: tuple[bytes, asyncio.Semaphore]
) -> None:
    payload, free = what
    async with free, secure_channel(target, load_identity(identity)) as channel:
        messages = _messages(base64.b64decode(header), payload)
        await UpdateServiceStub(channel).UploadUpdate(messages, timeout=LIMIT_SECONDS)


async def _messages(header: bytes, payload: bytes) -> AsyncIterator[updates.UploadUpdateRequest]:
    yield updates.UploadUpdateRequest(header=updates.UpdateHeader.FromString(header))
    for chunk in iter_chunks(memoryview(payload)):
        yield updates.UploadUpdateRequest(chunk=chunk)


def _result(found: dict[int, list[Published]], peaks: list[float]) -> Result:
    rows = []
    for streams, published in found.items():
        when = f"{streams} at a time" if streams < CLIENTS else "all at the same time"
        for what, values in (
            (LATENCY, [p.seconds for p in published]),
            ("of these, merge and server optimiser", [p.merge_seconds for p in published]),
            ("uploads before it", [p.upload_seconds for p in published]),
        ):
            rows.append(Row.of(f"{what}, uploads {when}", "s", values))
    rows.append(Row.of("peak memory of the aggregator, read after every round", "MB", peaks))
    return Result(
        name="publish-latency",
        about=f"{CLIENTS} updates of 64 MB (fp32) over mutual TLS to a real aggregator, mean; from "
        "the last receipt to the answer of FinalizeRound, with the call that seals the round.",
        rows=rows,
        targets=[_target(row) for row in rows if row.what.startswith(LATENCY)],
        notes=[
            "Clients and aggregator share the machine, and send as fast as it goes: uploads that "
            "come at the same time also end at the same time, and then the aggregator still has "
            "to fold those that came last."
        ],
        measured={"load_after": round(os.getloadavg()[0], 2)},
    )


def _target(row: Row) -> Target:
    when = row.what.removeprefix(LATENCY)
    return Target(
        f"last commit to published adapter, 100 x 64 MB, mean{when}",
        "below 1 s",
        f"{row.median:.2f} s (highest {row.maximum:.2f} s)",
        row.median < TARGET_SECONDS,
    )

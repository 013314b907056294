"""What an idle open session costs, and how all of them come back after a restart."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.control.crowd import Crowd
from benchmarks.control.idle_figures import SESSIONS, Held, Storm, result_of, storm_of
from benchmarks.control.site import START_SECONDS, ControlSite
from benchmarks.result import Result, Skipped
from pfi_common.open_files import raise_open_files

OTHER_FILES = 1_000
OPEN_SECONDS, STORM_SECONDS, REST_SECONDS = 240.0, 300.0, 5.0
BYTES_PER_KILOBYTE, BYTES_PER_MEGABYTE, MILLISECONDS = 1e3, 1e6, 1e3


def measure(runs: int = 3, sessions: int = SESSIONS) -> Result:
    """Opens sessions at a bare server and at a coordinator in turn; restarts the latter each time.

    Args:
        runs: How often.
        sessions: How many agents; the aims are set for the default.

    Raises:
        Skipped: The machine grants too few open files.
    """
    files = raise_open_files()
    if files < sessions + OTHER_FILES:
        raise Skipped(f"{sessions} sessions need {sessions + OTHER_FILES} open files, not {files}")
    bare, ours, storms = [], [], []
    with (
        tempfile.TemporaryDirectory(prefix="pfi-benchmark-") as name,
        ControlSite(Path(name)) as site,
    ):
        site.enrol(sessions)
        for _ in range(runs):
            bare.append(_hold_bare(site.folder, sessions))
            print(f"bare: {bare[-1]}", flush=True)
            held, storm = _hold_ours(site, sessions)
            print(f"coordinator: {held}; {storm}", flush=True)
            ours.append(held)
            storms.append(storm)
    return result_of(bare, ours, storms, sessions, files)


def _hold_bare(folder: Path, sessions: int) -> Held:
    with _bare_server(folder) as (process, target), Crowd(folder, target, sessions) as crowd:
        return _held(psutil.Process(process.pid), crowd, sessions)


def _hold_ours(site: ControlSite, sessions: int) -> tuple[Held, Storm]:
    site.start_coordinator()
    with Crowd(site.folder, site.target, sessions) as crowd:
        held = _held(site.coordinator, crowd, sessions)
        before = crowd.status
        site.stop_coordinator(signal.SIGKILL)
        begun = time.monotonic()
        site.start_coordinator()
        restarted = time.monotonic() - begun
        settled = crowd.wait(before.welcomed + sessions, STORM_SECONDS)
        storm = storm_of(before, crowd.status, restarted, settled)
    site.stop_coordinator()
    return held, storm


def _held(server: psutil.Process, crowd: Crowd, sessions: int) -> Held:
    empty, used = server.memory_info().rss, _cpu_seconds(server)
    seconds = crowd.wait(sessions, OPEN_SECONDS)
    opened = _cpu_seconds(server)
    time.sleep(REST_SECONDS)
    full, rested = server.memory_info().rss, _cpu_seconds(server)
    return Held(
        empty_megabytes=round(empty / BYTES_PER_MEGABYTE, 1),
        session_kilobytes=round((full - empty) / sessions / BYTES_PER_KILOBYTE, 2),
        open_milliseconds=round((opened - used) / sessions * MILLISECONDS, 3),
        open_seconds=round(seconds, 2),
        idle_cores=round((rested - opened) / REST_SECONDS, 3),
    )


@contextmanager
def _bare_server(folder: Path) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    address = folder / "bare.json"
    address.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.control.bare", str(folder)])
    try:
        deadline = time.monotonic() + START_SECONDS
        while not address.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the bare server did not start")
            time.sleep(0.05)
        yield process, json.loads(address.read_text())["session"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)

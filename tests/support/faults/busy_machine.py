"""Work that leaves other processes little of every core."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

_PROGRAM = """
import time
share, period = {share}, 0.1
while True:
    end = time.perf_counter() + share * period
    while time.perf_counter() < end:
        pass
    time.sleep((1 - share) * period)
"""


class BusyMachine:
    """Keeps each core busy for a share of the time while the block runs.

    Args:
        share: From 0 to 1.
    """

    def __init__(self, share: float) -> None:
        self._program = _PROGRAM.format(share=share)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._before = _ticks()

    def __enter__(self) -> "BusyMachine":
        command = [sys.executable, "-c", self._program]
        self._before = _ticks()
        self._processes = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def load(self) -> float:
        """Share of all cores' time since the beginning in which they were not idle."""
        idle, total = (after - before for after, before in zip(_ticks(), self._before, strict=True))
        return 1 - idle / total


def _ticks() -> tuple[int, int]:
    """Idle and all ticks of the machine, from `/proc/stat`."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)

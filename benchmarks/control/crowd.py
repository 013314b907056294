"""Many idle agents, in a few processes."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType

PROCESSES = 4
POLL_SECONDS = 0.1
STOP_SECONDS = 120.0


@dataclass(frozen=True)
class Status:
    """What is so just now.

    Attributes:
        open: Sessions that are open.
        welcomed: Sessions that were ever opened.
        ended: Sessions that ended, and attempts at one that failed, by reason.
        refused: Agents that gave up, by reason.
    """

    open: int = 0
    welcomed: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Status") -> "Status":
        return Status(
            self.open + other.open,
            self.welcomed + other.welcomed,
            self.ended + other.ended,
            self.refused + other.refused,
        )


def read_status(file: Path) -> Status:
    """Reads what one process wrote; nothing is so before it has."""
    if not file.exists():
        return Status()
    said = json.loads(file.read_text())
    ended, refused = Counter(said["ended"]), Counter(said["refused"])
    return Status(said["open"], said["welcomed"], ended, refused)


class Crowd:
    """Agents that hold sessions while the block runs.

    Args:
        folder: Of `members.json`.
        target: Where sessions are opened.
        count: How many.
    """

    def __init__(self, folder: Path, target: str, count: int) -> None:
        self._count = count
        self._files = [folder / f"crowd-{number}.json" for number in range(PROCESSES)]
        bounds = [count * number // PROCESSES for number in range(PROCESSES + 1)]
        self._commands = [
            [
                *(sys.executable, "-m", "benchmarks.control.holder", str(folder), str(file)),
                *(target, str(start), str(end - start)),
            ]
            for file, (start, end) in zip(self._files, pairwise(bounds), strict=True)
        ]
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Crowd":
        for file in self._files:
            file.unlink(missing_ok=True)
        self._processes = [subprocess.Popen(command) for command in self._commands]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(STOP_SECONDS)

    @property
    def status(self) -> Status:
        """Of all processes."""
        return sum(map(read_status, self._files), Status())

    def wait(self, welcomed: int, limit_seconds: float) -> float:
        """Waits until all are open, so many times in all.

        Returns:
            How long it took, in seconds.

        Raises:
            RuntimeError: It did not come about in time.
        """
        begun = time.monotonic()
        while True:
            status = self.status
            if status.open == self._count and status.welcomed >= welcomed:
                return time.monotonic() - begun
            if time.monotonic() - begun > limit_seconds:
                raise RuntimeError(f"not all sessions were opened in time: {status}")
            time.sleep(POLL_SECONDS)

"""Names a process so that a recycled pid is never taken for it."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessRecord:
    """A pid together with the start of the process behind it."""

    pid: int
    start: str

    @classmethod
    def of(cls, pid: int) -> "ProcessRecord | None":
        """Describes the live process with this pid; None when there is none."""
        start = process_start(pid)
        return None if start is None else cls(pid, start)

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return process_start(self.pid) == self.start

    def send(self, number: signal.Signals) -> None:
        """Signals the process; does nothing when it is gone."""
        if not self.alive:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return


def process_start(pid: int) -> str | None:
    """Gives a text that tells two processes with the same pid apart; None for none or a zombie."""
    if _PROC.joinpath("self", "stat").exists():
        return _start_from_proc(pid)
    return _start_from_ps(pid)


def _start_from_proc(pid: int) -> str | None:
    try:
        status = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
        boot = (
            _PROC.joinpath("sys", "kernel", "random", "boot_id").read_text(encoding="ascii").strip()
        )
    except OSError:
        return None
    fields = status.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    state, start_ticks = fields[0], fields[19]
    return None if state in {"Z", "X"} else f"{boot}:{start_ticks}"


def _start_from_ps(pid: int) -> str | None:
    listing = subprocess.run(
        ["ps", "-o", "lstart=,state=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not listing or listing.endswith("Z") else listing

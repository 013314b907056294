"""Wall time of `pfi demo`, from the command to its end."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result, Row, Target

LIMIT_SECONDS = 240.0


def run_demo() -> float:
    """Seconds of one demo."""
    program = Path(sys.executable).with_name("pfi")
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        subprocess.run([program, "demo"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - started


def measure(runs: int = 3) -> Result:
    """Runs the demo some times."""
    seconds = [run_demo() for _ in range(runs)]
    row = Row.of("pfi demo with its defaults, until it has ended", "s", seconds)
    return Result(
        name="demo",
        about="The whole demo: start, enrolment of four clients, rounds, evaluation, report, stop.",
        rows=[row],
        targets=[
            Target(
                "demo wall time",
                "Under 4 minutes on 2 cores after installation",
                f"{row.median:.0f} s (slowest {row.maximum:.0f} s)",
                row.maximum < LIMIT_SECONDS,
            )
        ],
    )
